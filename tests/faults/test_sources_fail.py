"""Files that are read from a real object storage: kills, throttling, and a store that is gone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import object_storage
from support.faulty import ROWS, Faulty, SentJob, at_random
from support.programs import free_port
from support.s3_proxy import s3_proxy
from support.waiting import wait_for

from benchmarks.seaweedfs import environment

pytestmark = [pytest.mark.faults, pytest.mark.s3]

#: A folder whose files make one job.
FOLDER = f"s3://{object_storage.BUCKET}/in/"

FILES = 4


def _started(start: Callable[..., Faulty], variables: dict[str, str]) -> Faulty:
    """A service whose blobs are in a folder, and which may read the bucket."""
    short = {"lease_seconds": "3", "reconcile_seconds": "1", "heartbeat_seconds": "1"}
    places = f"* read s3://{object_storage.BUCKET}/"
    return start(variables=variables, places=places, **short)


def _submit(service: Faulty, variables: dict[str, str], rows: int = ROWS) -> SentJob:
    """Write rows into the files of a folder, and submit the folder."""
    client: Any = object_storage.client(variables)
    sent = service.rows(rows)
    for number in range(FILES):
        piece = sent[number * rows // FILES : (number + 1) * rows // FILES]
        content = piece.to_csv(index=False).encode()
        client.put_object(Bucket=object_storage.BUCKET, Key=f"in/{number}.csv", Body=content)
    accepted = service.client.post("/jobs", json={"input": FOLDER})
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["input"]["files"] == FILES
    return SentJob(accepted.headers["Location"], sent)


def _check_files(service: Faulty, job: SentJob) -> None:
    """Each row has the file in which it was."""
    service.check(job)
    files = service.results(job.location)["file"].tolist()
    assert files == [f"{FOLDER}{at * FILES // len(files)}.csv" for at in range(len(files))]


def test_kills_while_files_are_read(
    tmp_path: Path, start: Callable[..., Faulty], measured: Callable[[str], None]
) -> None:
    """Six kills during a job that reads a folder, of children and whole workers, lose no row."""
    with object_storage.seaweedfs(tmp_path) as variables:
        service = _started(start, variables)
        workers = [service.start_worker(), service.start_worker()]
        service.wait_ready()
        job = _submit(service, variables)
        for number, row in enumerate(at_random(ROWS * 9 // 10, 6, seed=3)):
            wait_for(lambda row=row: service.rows_done(job) >= row, 120)
            service.kill_in_turn(workers, number)
        _check_files(service, job)
        measured("6 kills, 0 rows lost")


def test_the_store_of_the_files_throttles_and_is_gone(
    tmp_path: Path, start: Callable[..., Faulty], measured: Callable[[str], None]
) -> None:
    """One request in five for a file is a 503, then the store is killed: the job goes on."""
    port = free_port()
    with s3_proxy(environment(port)) as (proxy, variables):
        with object_storage.seaweedfs(tmp_path, port):
            service = _started(start, variables)
            service.start_worker()
            service.wait_ready()
            job = _submit(service, variables)
            proxy.refuse_every = 5
            service.wait_for_rows(job.location, 20_000)
        wait_for(lambda: "does not answer" in service.job(job.location)["detail"], 120)
        assert service.job(job.location)["state"] == "running"
        refused = service.client.post("/jobs", json={"input": FOLDER})
        assert refused.json()["type"].endswith(":source-unavailable"), refused.text
        with object_storage.seaweedfs(tmp_path, port):
            _check_files(service, job)
    measured(f"{proxy.refused} refused, held up, 0 rows lost")
