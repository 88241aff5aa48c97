"""Many workers in one process: `python -m benchmarks.simulated_workers FIRST COUNT`.

Each has a name, connections, a heartbeat, a reconciler and one scoring process of its own, all made
of the code of `worker/`, so Redis gets the commands of a real worker. Simulated are:

- threads stand for the main process and the scoring process;
- a loop around kombu's consumer stands for Celery's;
- a scored part is a wait: its rows are not read, and its result has a few bytes.

On each line of its standard input it writes a JSON object: what its workers have done so far.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery
from kombu import Consumer
from typing_extensions import override

from benchmarks.waiting_model import WaitingModel
from shared.card import Card, read_card
from shared.config.settings import Settings, load_settings
from shared.dispatch import CeleryDispatch, Task, make_celery
from shared.fleet import Served
from shared.jobs.job_store import Begun
from shared.jobs.spec import Spec
from shared.monitoring.disk import disk_space
from shared.redis.archiving import ArchivingJobStore
from shared.redis.erasure import RedisErasure
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor
from shared.redis.overview import RedisOverview
from shared.storage.opening import open_blobs
from shared.storage.sealed import SealedBlobs
from worker.app import make_worker, serve_queues
from worker.models.loaded_models import LoadedModel
from worker.pipeline import Pipeline
from worker.scoring_process import RENEWALS_PER_LEASE
from worker.steps.background_close import BackgroundCloser
from worker.steps.leases import LeaseRenewer
from worker.steps.part_scorer import Counts, Scored
from worker.steps.score_summary import summary_of
from worker.telemetry.journal import Journal
from worker.telemetry.measures import counters
from worker.upkeep.heartbeat import Heartbeat
from worker.upkeep.reconciler import Reconciler
from worker.upkeep.sampler import Sampler
from worker.upkeep.stall_detector import StallDetector
from worker.upkeep.status import WorkerStatus

logger = logging.getLogger(__name__)

#: The pause between the starts of two workers, in seconds: those of a fleet are spread, too.
PAUSE_SECONDS = 0.02


class Done:
    """What all workers of this process have done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[str, float] = {}

    def add(self, what: str, number: float) -> None:
        """Add to a sum."""
        with self._lock:
            self._numbers[what] = self._numbers.get(what, 0.0) + number

    def text(self) -> str:
        """The sums as JSON."""
        with self._lock:
            return json.dumps(self._numbers)


class TimedStore(ArchivingJobStore):
    """Adds up the time for which the lock of the reconcilers is held."""

    done: Done

    @override
    @contextmanager
    def reconciling(self, seconds: float) -> Iterator[bool]:
        with super().reconciling(seconds) as held:
            began = time.perf_counter()
            yield held
            if held:
                self.done.add("reconciles", 1)
                self.done.add("reconcile_seconds", time.perf_counter() - began)


class OneModel:
    """In place of `ServedModels`: one model, which never fails."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.known_names = {card.name}

    def names(self) -> list[str]:
        """The full names of the models."""
        return [self._card.full_name]

    def consumed(self) -> list[str]:
        """The full names of the models whose queues are consumed."""
        return self.names()

    def leaving(self) -> list[str]:
        """No model leaves."""
        return []

    def declined(self) -> dict[str, str]:
        """No model is left to others."""
        return {}

    def failed(self) -> dict[str, str]:
        """No model has failed."""
        return {}

    def refused(self) -> set[str]:
        """No model is refused."""
        return set()

    def note_ready(self, processes: int) -> None:
        """Nothing waits for this."""


class WaitingPartScorer:
    """In place of `PartScorer`: waits as long as a model would take, and invents the scores."""

    def __init__(self, seconds_per_row: float) -> None:
        self._seconds_per_row = seconds_per_row

    def score(self, spec: Spec, number: int, begun: Begun) -> Scored:
        """Wait; the counts and the summary are those of a real part."""
        rows = begun.part.rows
        time.sleep(rows * self._seconds_per_row)
        scores, errors = [0.5] * rows, [None] * rows
        summary = summary_of(spec.stored_columns.outputs, [scores], errors, 0)
        return Scored(Counts(rows, 0, None, summary), {spec.result_key(number): b"0.5\n"})


class NeverStalled(StallDetector):
    """Ends no worker: on a full machine all of them seem to be stalled."""

    @override
    def is_stalled(self, **_: Any) -> bool:
        return False


class SimulatedWorker:
    """A worker with one scoring process."""

    def __init__(
        self, node: str, settings: Settings, app: Celery, folder: Path, card: Card, done: Done
    ) -> None:
        """Take its name, and what all workers of this process share."""
        self._node = node
        self._settings = settings
        self._app = app
        self._done = done
        self._card = card
        self._model = WaitingModel.load(folder, card)
        self._tasks: dict[str, Any] = {}

    def start(self) -> None:
        """Start the threads."""
        self._start_scoring()
        self._start_heartbeat()
        threading.Thread(target=self._consume, daemon=True).start()

    def _start_scoring(self) -> None:
        """As `worker.scoring_process.ScoringProcess.start` does."""
        settings, name = self._settings, self._card.full_name
        link = RedisLink(settings)
        fleet = RedisFleet(link, settings)
        renewer = LeaseRenewer(settings.lease_seconds / RENEWALS_PER_LEASE)
        renewer.start()
        rate = 1 / self._model.seconds_per_row
        pipeline = Pipeline(
            settings,
            store=RedisJobStore(link, settings),
            blobs=SealedBlobs(open_blobs(settings)),
            dispatch=CeleryDispatch(make_celery(settings), link.now),
            fleet=fleet,
            lease_renewer=renewer,
            models={name: LoadedModel(self._model, rate)},
            journal=Journal(counters),
            run_close=BackgroundCloser(),
        )
        waiting: Any = WaitingPartScorer(self._model.seconds_per_row)
        pipeline._part_scorer = waiting
        self._tasks = {task.value: getattr(pipeline, task.value) for task in Task}
        fleet.announce(self._node, [Served(card=self._card, rate=rate)])

    def _start_heartbeat(self) -> None:
        """As `worker.bootstrap.MainProcess.start_heartbeat` does."""
        settings, models = self._settings, OneModel(self._card)
        link, blobs = RedisLink(settings), open_blobs(settings)
        store, fleet = TimedStore(link, settings, blobs), RedisFleet(link, settings)
        store.done = self._done
        status = WorkerStatus(
            self._node,
            os.getpid(),
            models,  # type: ignore[arg-type]
            fleet=fleet,
            link=link,
            blobs=blobs.identity(),
        )
        sampler = Sampler(
            store=store,
            overview=RedisOverview(link),
            fleet=fleet,
            monitor=RedisMonitor(link),
            disk=partial(disk_space, settings),
        )
        reconciler = Reconciler(
            settings,
            store=store,
            blobs=SealedBlobs(blobs),
            dispatch=CeleryDispatch(self._app, link.now),
            fleet=fleet,
            erase=RedisErasure(link, settings, store).run,
        )
        Heartbeat(
            self._node,
            models,  # type: ignore[arg-type]
            fleet,
            reconciler,
            store=store,
            stall_detector=NeverStalled({}),
            drop_queues=lambda _: None,
            heartbeat_seconds=settings.heartbeat_seconds,
            reconcile_seconds=settings.reconcile_seconds,
            publish=(status.describe, sampler.run, partial(self._done.add, "heartbeats", 1)),
        ).start()

    def _consume(self) -> None:
        """Take a message, do what it asks for, acknowledge it; and again."""
        while True:
            try:
                with (
                    self._app.connection_for_read() as connection,
                    Consumer(
                        connection,
                        list(self._app.amqp.queues.consume_from.values()),
                        accept=["json"],
                        on_message=self._handle,
                    ),
                ):
                    while True:
                        with suppress(TimeoutError):
                            connection.drain_events(timeout=5)
            except Exception:
                # As Celery does: connect again.
                logger.exception("%s connects again", self._node)
                time.sleep(1)

    def _handle(self, message: Any) -> None:
        task, (args, _, _) = message.headers["task"], message.payload
        try:
            self._tasks[task](*args)
        except Exception:
            logger.exception("%s: %s failed", self._node, task)
            self._done.add("errors", 1)
        message.ack()
        self._done.add(task, 1)


def main(first: int, count: int) -> None:
    """Start the workers, and answer until the standard input ends."""
    logging.basicConfig(level=logging.WARNING)
    threading.stack_size(512 * 1024)
    settings, done = load_settings(), Done()
    app = make_worker(settings)
    (folder,) = Path(settings.models_dir).iterdir()
    card = read_card(folder)
    serve_queues(app, [card])
    for number in range(first, first + count):
        SimulatedWorker(f"simulated-{number:04}", settings, app, folder, card, done).start()
        time.sleep(PAUSE_SECONDS)
    with closing(sys.stdin) as lines:
        for _ in lines:
            print(done.text(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
    # Threads of workers are under way.
    os._exit(0)
