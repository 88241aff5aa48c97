"""What all sections of the job store in memory share."""

import secrets
from collections import Counter, defaultdict, deque
from datetime import date
from queue import Queue

from support.doubles.record import Record
from support.doubles.turns import Turns
from typing_extensions import override

from shared.config.owner_weights import weights_of
from shared.config.settings import Settings
from shared.drift.counts import Counts, sum_of
from shared.jobs.binding import Binding
from shared.jobs.job_store import JobStore, Question
from shared.jobs.state import State
from shared.jobs.usage import Claim, Used
from shared.jobs.watch_store import HOURS


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
        self._hours: dict[tuple[str, int], dict[str, tuple[int, ...]]] = {}

    def _running(self, job_id: str) -> Record | None:
        record = self._records.get(job_id)
        return record if record and record.job.state is State.RUNNING else None

    def _count_in_hour(self, full_name: str, counts: Counts) -> None:
        place = full_name, int(self.now() // 3600)
        self._hours[place] = sum_of((self._hours.get(place, {}), counts))

    @override
    def small_watched(self, job_id: str) -> dict[str, tuple[int, ...]]:
        return self._records[job_id].watched if job_id in self._records else {}

    @override
    def watched_in_day(self, full_name: str) -> dict[str, tuple[int, ...]]:
        hour = int(self.now() // 3600)
        hours = range(hour - HOURS + 1, hour + 1)
        return sum_of(self._hours.get((full_name, one), {}) for one in hours)
