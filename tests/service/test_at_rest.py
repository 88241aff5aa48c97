"""What real programs leave on the disk: damage there is found, and what was deleted is gone."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from support.programs import Programs, signal_all
from support.raw_client import RawClient
from support.waiting import wait_for

pytestmark = pytest.mark.stack

ROWS = 20_000
CSV = b"ref,text\n" + b"".join(b"r%d,a text of some length\n" % row for row in range(ROWS))


def parts_of(service: Programs, location: str) -> list[Path]:
    folder = service.folder / "blobs/jobs" / location.rpartition("/")[2] / "results"
    return sorted(folder.iterdir())


def test_a_result_of_no_bytes_is_never_a_short_download(fragile: Programs) -> None:
    """The download is refused, the errors and the job name the rows, all others can be had."""
    fragile.start_worker()
    fragile.wait_ready()
    location = fragile.submit(CSV)
    assert fragile.wait_for_end(location)["state"] == "succeeded"
    whole = fragile.client.get(f"{location}/results").content
    parts_of(fragile, location)[-1].write_bytes(b"")
    answer = fragile.client.get(f"{location}/results")
    assert answer.status_code == 500
    assert "cannot be read" in answer.json()["detail"]
    lost = fragile.client.get(f"{location}/errors?limit=10000").json()["errors"]
    assert lost
    assert f"The results of {len(lost):,} rows" in fragile.job(location)["detail"]
    partial = fragile.client.get(f"{location}/results?partial=true&format=csv").content
    assert partial.count(b"\n") == whole.count(b"\n") == ROWS + 1
    assert partial.count(b"is lost") == len(lost)


def test_a_bad_byte_in_an_upload_ends_its_job(fragile: Programs) -> None:
    """No worker was there when it was sent, so the job had not begun when the disk failed."""
    fragile.start_worker()
    fragile.wait_ready()
    [worker] = fragile.running("worker")
    worker.terminate()
    worker.wait()
    locations = [fragile.submit(CSV) for _ in range(3)]
    uploads = [
        fragile.folder / "blobs/jobs" / one.rpartition("/")[2] / "upload" for one in locations
    ]
    content = bytearray(uploads[0].read_bytes())
    content[len(content) // 2] = 0xFF
    uploads[0].write_bytes(content)
    uploads[1].write_bytes(content[: len(content) // 3])
    fragile.start_worker()
    for location in locations[:2]:
        job = fragile.wait_for_end(location)
        assert job["state"] == "failed"
        assert "Its upload was damaged on the disk" in job["error"]
    assert fragile.wait_for_end(locations[2])["rows"]["completed"] == ROWS


def test_deleted_texts_leave_the_disk_of_redis(fragile: Programs) -> None:
    """The text of a small job, of a question, and a ref in an error are found nowhere any more."""

    def content(path: Path) -> bytes:
        # Redis may remove a file between its listing and its reading.
        with suppress(FileNotFoundError):
            return path.read_bytes()
        return b""

    def on_disk(text: bytes) -> bool:
        paths = [path for path in fragile.folder.rglob("*") if path.is_file()]
        return any(text in content(path) for path in paths if path.suffix != ".log")

    worker = fragile.start_worker()
    fragile.wait_ready()
    # While the worker is stopped, nothing is answered, and nothing rewrites the file of Redis.
    signal_all(worker, signal.SIGSTOP)
    small = fragile.client.post("/jobs", json={"text": ["my-small-job"]}).headers["Location"]
    bulk = fragile.submit(b"ref,text\nmy-ref,\nb,good\n", on_error="fail")
    secrets = (b"my-question", b"my-small-job", b"my-ref")
    with ThreadPoolExecutor(1) as thread:
        question = thread.submit(
            fragile.client.post, "/sentiment", json={"text": ["my-question"]}, timeout=60
        )
        for text in secrets:
            wait_for(lambda text=text: on_disk(text))
        signal_all(worker, signal.SIGCONT)
        assert question.result().status_code == 200
    for location in (small, bulk):
        fragile.wait_for_end(location)
    assert "my-ref" in fragile.job(bulk)["error"]
    for location in (small, bulk):
        assert fragile.client.delete(location).status_code == 204
    for text in secrets:
        wait_for(lambda text=text: not on_disk(text), 90)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_download_that_breaks_off_does_not_look_whole(fragile: Programs, version: str) -> None:
    """In HTTP/1.0 only the end of the connection ends a download in another format: it is reset.

    nginx asks in HTTP/1.0 by default, and would pass on a short download as a whole one. A whole
    one ends as usual.
    """
    fragile.start_worker()
    fragile.wait_ready()
    location = fragile.submit(CSV)
    assert fragile.wait_for_end(location)["state"] == "succeeded"
    request = f"GET {location}/results?format=ndjson HTTP/{version}\r\nHost: localhost\r\n"
    request += "Connection: close\r\n\r\n"

    def download() -> bytes:
        received = b""
        with RawClient(fragile.port) as client:
            client.send(request.encode())
            while data := client.socket.recv(65536):
                received += data
        return received

    assert download().count(b'"Sentiment_Score"') == ROWS
    damaged = parts_of(fragile, location)[-1]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    if version == "1.0":
        with pytest.raises(ConnectionResetError):
            download()
    else:
        assert not download().endswith(b"0\r\n\r\n")
