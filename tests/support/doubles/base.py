"""What all sections of the job store in memory share."""

import secrets
from collections import Counter, defaultdict, deque
from datetime import date
from queue import Queue

from support.doubles.record import Record
from support.doubles.turns import Turns

from shared.config.owner_weights import weights_of
from shared.config.settings import Settings
from shared.jobs.binding import Binding
from shared.jobs.job import State
from shared.jobs.job_store import JobStore, Question
from shared.jobs.usage import Claim, Used


class InMemoryBase(JobStore):
    """The records, and everything else that the store would lose with its memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records: dict[str, Record] = {}
        self._waiting: dict[str, deque[str | Question]] = {}
        self._turns: defaultdict[str, Turns] = defaultdict(
            lambda: Turns(weights=weights_of(settings.owner_weights))
        )
        self._answers: dict[str, Queue[tuple[str, bytes]]] = defaultdict(Queue)
        self._answered: Counter[str] = Counter()
        self._accounts: dict[tuple[date, str, str, str], Used] = {}
        self._labels: dict[tuple[date, str, str, str], Used] = {}
        self._taken: dict[tuple[date, str], int] = {}
        self._asked: dict[str, tuple[Question, tuple[date, Claim]]] = {}
        self._held = False
        self._since = 0.0
        self._link_secret = secrets.token_bytes(32)
        self._due: dict[str, float] = {}
        self._keys: dict[str, tuple[Binding, float]] = {}
        self._spent: dict[str, tuple[float, int]] = {}

    def _running(self, job_id: str) -> Record | None:
        record = self._records.get(job_id)
        return record if record and record.job.state is State.RUNNING else None
