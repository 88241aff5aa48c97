"""Records what the steps did: in the log, in the counters, and in spans."""

import logging
import time
from collections import Counter

from shared.dispatch import Task
from shared.jobs.job_store import Answer, SmallJob
from shared.jobs.row_error_kinds import kind_of
from shared.telemetry.prometheus import labels_of
from shared.telemetry.shared_counters import SharedCounters
from shared.telemetry.spans import spans
from worker.telemetry.measures import PARTS, ROW_ERRORS, ROWS, SMALL, STEP

logger = logging.getLogger(__name__)


class Journal:
    """The journal of one scoring process; each step calls the method of its name at its end.

    `began` is what `now` returned when the step began.
    """

    def __init__(self, counters: SharedCounters) -> None:
        """Take the counters of the worker."""
        self._counters = counters

    @staticmethod
    def now() -> float:
        """The time on the clock by which steps are measured, in seconds."""
        return time.perf_counter()

    def read(self, job_id: str, rows: int, began: float) -> None:
        """Record that the requests of a batch were checked, and their rows stored."""
        seconds = self._observe(Task.READ, began)
        logger.info("read job=%s rows=%d", job_id, rows, extra={"rows": rows, "seconds": seconds})

    def split(self, job_id: str, parts: int, began: float) -> None:
        """Record that an upload was cut into parts."""
        seconds = self._observe(Task.SPLIT, began)
        logger.info(
            "split job=%s parts=%d", job_id, parts, extra={"parts": parts, "seconds": seconds}
        )

    def score(
        self, full_name: str, job_id: str, part: int, counts: tuple[int, int], began: float
    ) -> None:
        """Record that a part was scored; `counts` are its rows with a score, and with an error."""
        seconds, rows = self._observe(Task.SCORE, began), sum(counts)
        self._rows(full_name, *counts)
        self._counters.add(PARTS, *labels_of(full_name))
        logger.debug(
            "score job=%s part=%d rows=%d %.3f s",
            job_id,
            part,
            rows,
            seconds,
            extra={"rows": rows, "seconds": seconds},
        )

    def finish(self, job_id: str, began: float) -> None:
        """Record that a job has succeeded."""
        seconds = self._observe(Task.FINISH, began)
        logger.info("finish job=%s", job_id, extra={"seconds": seconds})

    def join(self, job_id: str, size: int, began: float) -> None:
        """Record that all results of a job were written as one file of `size` bytes."""
        seconds = self._observe(Task.JOIN, began)
        logger.info("join job=%s", job_id, extra={"bytes": size, "seconds": seconds})

    def answer(
        self, full_name: str, jobs: list[SmallJob], answers: list[Answer], began: float
    ) -> None:
        """Record that small jobs and questions were scored as one DataFrame, and answered."""
        seconds = self._observe(Task.ANSWER, began)
        completed = sum(one.completed for one in answers)
        failed = sum(one.failed for one in answers)
        self._rows(full_name, completed, failed)
        self._counters.add(SMALL, *labels_of(full_name), by=len(answers))
        logger.debug(
            "answer model=%s jobs=%d rows=%d",
            full_name,
            len(answers),
            completed + failed,
            extra={"rows": completed + failed, "seconds": seconds},
        )

        if spans.on:
            for job in jobs:
                about = {"model": full_name, "jobs": len(jobs)}
                if not job.reply_to:
                    about["job"] = job.id
                spans.record(Task.ANSWER.value, job.traceparent, seconds, about)

    def errors(self, full_name: str, errors: list[str | None]) -> None:
        """Count errors of rows, by their kind; None stands for a row without one."""
        for kind, rows in Counter(kind_of(error) for error in errors if error).items():
            self._counters.add(ROW_ERRORS, *labels_of(full_name), kind, by=rows)

    def _observe(self, task: Task, began: float) -> float:
        seconds = time.perf_counter() - began
        self._counters.observe(STEP, seconds, task.value)
        return round(seconds, 6)

    def _rows(self, full_name: str, completed: int, failed: int) -> None:
        model = labels_of(full_name)
        self._counters.add(ROWS, *model, "completed", by=completed)
        if failed:
            self._counters.add(ROWS, *model, "failed", by=failed)
