"""Object storage throttles, is slow, or is gone for a while, in mid-job: no row is lost."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from support import object_storage
from support.faulty import Faulty, SentJob
from support.programs import free_port, kill
from support.s3_proxy import S3Proxy, s3_proxy
from support.waiting import wait_for

from shared.config.object_address import object_address
from shared.storage.object_files import PIECE_BYTES
from shared.storage.unfinished import remove_unfinished

pytestmark = pytest.mark.faults


def _started(start: Callable[..., Faulty], variables: dict[str, str]) -> Faulty:
    """A service with one worker of two processes, whose blobs are on a server."""
    address = f"s3://{object_storage.BUCKET}/service"
    short = {"lease_seconds": "3", "reconcile_seconds": "1", "heartbeat_seconds": "1"}
    service = start(variables=variables, blobs=address, processes="2", **short)
    service.start_worker()
    service.wait_ready()
    return service


@contextmanager
def _before_a_server(folder: Path) -> Iterator[tuple[S3Proxy, dict[str, str]]]:
    with object_storage.seaweedfs(folder) as variables, s3_proxy(variables) as proxied:
        yield proxied


def _requests_per_part(proxy: S3Proxy, job: SentJob) -> float:
    """The requests for the upload, the results and the manifest of a job, by its parts."""
    parts = {path for _, path in proxy.seen if f"{job.id}/results/" in path}
    return sum(job.id in path for _, path in proxy.seen) / len(parts)


def test_one_request_in_five_is_refused(tmp_path: Path, start: Callable[..., Faulty]) -> None:
    """Throttling costs time, and nothing else; a part costs no more than 6 requests."""
    with _before_a_server(tmp_path) as (proxy, variables):
        service = _started(start, variables)
        proxy.refuse_every = 5
        service.check(job := service.submit_rows())
        assert proxy.refused > 20
        assert _requests_per_part(proxy, job) <= 6


def test_each_request_takes_200_ms(tmp_path: Path, start: Callable[..., Faulty]) -> None:
    """As to a store in another region: the job takes longer, and has all rows."""
    with _before_a_server(tmp_path) as (proxy, variables):
        service = _started(start, variables)
        proxy.delay = 0.2
        service.check(service.submit_rows())


def test_the_credentials_expire(tmp_path: Path, start: Callable[..., Faulty]) -> None:
    """Parts are held up, and the job says why; with credentials that are valid it goes on."""
    with _before_a_server(tmp_path) as (proxy, variables):
        service = _started(start, variables)
        job = service.submit_rows()
        service.wait_for_rows(job.location, 20_000)
        proxy.expired = True
        wait_for(lambda: "they have expired" in service.job(job.location)["detail"], 120)
        assert service.job(job.location)["state"] == "running"
        proxy.expired = False
        service.check(job)


def test_the_api_dies_during_an_upload(
    tmp_path: Path, start: Callable[..., Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets an error, and no job is made; what the store has got is seen by nobody."""
    with object_storage.seaweedfs(tmp_path) as variables:
        service = _started(start, variables)

        def upload() -> Iterator[bytes]:
            yield b"ref,text\n"
            for number in range(4 * PIECE_BYTES // 1000):
                if number == 3 * PIECE_BYTES // 1000:
                    wait_for(lambda: object_storage.unfinished_in(variables))
                    kill(service.api)
                yield b"%d,%s\n" % (number, b"half of an upload " * 60)

        with pytest.raises(httpx.TransportError):
            service.client.post("/jobs", content=upload(), headers={"Content-Type": "text/csv"})
        service.start_api()
        assert service.client.get("/jobs").json()["jobs"] == []
        assert service.blob_count("jobs/") == 0
        # A worker does so after a day.
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        address = object_address(service.env["SCORELANE_BLOBS"])
        assert remove_unfinished(address, -1000) == 1
        assert object_storage.unfinished_in(variables) == 0


def test_the_store_is_killed_and_comes_back(tmp_path: Path, start: Callable[..., Faulty]) -> None:
    """Parts are held up, and the job says why; uploads are refused with what to do; all goes on."""
    port = free_port()
    with ExitStack() as first:
        variables = first.enter_context(object_storage.seaweedfs(tmp_path, port))
        service = _started(start, variables)
        job = service.submit_rows()
        service.wait_for_rows(job.location, 20_000)
        first.close()
        wait_for(lambda: "does not answer" in service.job(job.location)["detail"], 120)
        assert service.job(job.location)["state"] == "running"
        refused = service.client.post(
            "/jobs", content=b"ref,text\n1,good\n", headers={"Content-Type": "text/csv"}
        )
        assert refused.status_code == 503
        assert refused.json()["type"].endswith(":blobs-unavailable")
    with object_storage.seaweedfs(tmp_path, port):
        service.check(job)
