"""A real service to break, with a model of a fixed rate, and a check of every row."""

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from redis import Redis
from support.hostile_model import HostileModel, checksum_score
from support.programs import Programs, programs

from benchmarks.runtime_package import make
from shared.model import SCORE, TEXT

#: Rows of a job, and the seconds that a process takes for each: ten seconds for two processes.
ROWS = 100_000
SECONDS_PER_ROW = 2e-4

#: What differs from the defaults of a service, unless a test sets it.
SETTINGS = {"processes": "1", "serve": "hostile", "default_model": "hostile"}


@dataclass(frozen=True)
class SentJob:
    """A job that was accepted.

    Attributes:
        location: the path of the job in the API.
        sent: the rows, as they were sent.
    """

    location: str
    sent: pd.DataFrame

    @property
    def id(self) -> str:
        """The id of the job."""
        return self.location.rpartition("/")[2]


class Faulty(Programs):
    """The real programs, with the model `HostileModel`."""

    def rows(self, rows: int, first: int = 0) -> pd.DataFrame:
        """Rows with different texts, numbered from `first`."""
        numbers = range(first, first + rows)
        texts = [f"text number {row}, and no other" for row in numbers]
        return pd.DataFrame({"ref": [f"{row}" for row in numbers], TEXT: texts})

    def submit_rows(self, rows: int = ROWS, first: int = 0, **texts: str) -> SentJob:
        """Submit rows with different texts, numbered from `first`.

        Args:
            rows: the number of rows.
            first: the number of the first row.
            texts: other texts for some rows: `r17="..."` for row 17.
        """
        sent = self.rows(rows, first)
        for name, text in texts.items():
            sent.loc[int(name[1:]), TEXT] = text
        return SentJob(self.submit(sent.to_csv(index=False).encode()), sent)

    def check(self, job: SentJob, **errors: str) -> None:
        """Wait for the end of a job, and assert that it has each row once, in order and scored.

        Args:
            job: the job.
            errors: the errors of rows that have no score: `r17="..."` for row 17.
        """
        ended = self.wait_for_end(job.location)
        assert ended["state"] == "succeeded", ended["detail"]
        count = len(job.sent)
        assert ended["rows"] == {
            "total": count,
            "completed": count - len(errors),
            "failed": len(errors),
        }
        found = self.results(job.location)
        assert found["ref"].tolist() == job.sent["ref"].tolist()
        wanted = pd.Series([checksum_score(text) for text in job.sent[TEXT]])
        for name, error in errors.items():
            row = int(name[1:])
            assert found["error"][row] == error
            assert pd.isna(found[SCORE][row])
            found.loc[row, ["error", SCORE]] = "", wanted[row]
        assert set(found["error"]) == {""}
        assert (found[SCORE] - wanted).abs().max() < 1e-9

    def rows_done(self, job: SentJob) -> int:
        """The number of rows of a job that are done."""
        return int(self.job(job.location)["rows"]["completed"])

    def processes(self) -> int:
        """The number of scoring processes that are ready."""
        return sum(self.client.get("/readyz").json().get("processes", {}).values())

    def stored(self) -> int:
        """The bytes of all jobs in the blob store, without the store's own file `.identity`."""
        return sum(path.stat().st_size for path in self.blobs.rglob("*/*") if path.is_file())

    def api_bytes(self) -> int:
        """The resident memory of all processes of the API, in bytes."""
        api = psutil.Process(self.api.pid)
        return sum(one.memory_info().rss for one in [api, *api.children()])

    def queued(self) -> int:
        """The number of messages of bulk jobs that wait for a worker."""
        with Redis.from_url(self.env["SCORELANE_REDIS_URL"]) as redis:
            return sum(int(redis.llen(queue)) for queue in redis.scan_iter("scorelane:bulk2.*"))

    @property
    def blobs(self) -> Path:
        """The folder of the blob store."""
        return Path(self.env["SCORELANE_BLOBS_DIR"])


@contextmanager
def faulty(
    folder: Path,
    sockets: Path,
    skew: str | None = None,
    variables: Mapping[str, str] | None = None,
    kind: type[Faulty] = Faulty,
    **settings: Any,
) -> Iterator[Faulty]:
    """Start Redis and the API, with clocks shifted by `skew` seconds; the test starts workers.

    `variables` are further ones of their environment.
    """
    env = make(folder / "model", "hostile", HostileModel, repr(SECONDS_PER_ROW))
    env |= variables or {}
    if skew is not None:
        path = os.pathsep.join([str(Path(__file__).parent / "skewed"), env["PYTHONPATH"]])
        env |= {"PYTHONPATH": path, "SKEW_SECONDS": skew}
    with programs(folder, sockets, kind=kind, env=env, **(SETTINGS | settings)) as service:
        yield service


def at_random(rows: int, times: int, seed: int) -> list[int]:
    """Draw `times` different numbers of rows, in ascending order: moments during a job."""
    return sorted(random.Random(seed).sample(range(rows), times))  # noqa: S311  nothing is secret
