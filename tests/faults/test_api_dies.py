"""Kill -9 of the API: during an upload, after its response, during a download; and slow clients."""

import socket
from collections.abc import Callable, Iterator

import httpx
import pandas as pd
import pytest
from support.faulty import ROWS, Faulty
from support.object_storage import ON_BOTH_APART
from support.programs import kill
from support.waiting import wait_for

from scorelane.client.client import Client

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]


def test_the_api_dies_during_an_upload(start: Start, measured: Measured) -> None:
    """The client gets an error, no job is made, and the partial upload is removed."""
    service = start(orphan_seconds="1", sweep_seconds="1")
    service.start_worker()
    service.wait_ready()

    def upload() -> Iterator[bytes]:
        yield b"ref,text\n"
        for row in range(ROWS):
            if row == ROWS // 2:
                wait_for(service.stored)
                kill(service.api)
            yield b"%d,half of an upload\n" % row

    with pytest.raises(httpx.TransportError):
        service.client.post("/jobs", content=upload(), headers={"Content-Type": "text/csv"})
    # Half of it was stored before the kill; a sweep may have removed it by now.
    service.start_api()
    assert service.client.get("/jobs").json()["jobs"] == []
    wait_for(lambda: not service.stored())
    measured("all of it removed")


@ON_BOTH_APART
def test_the_api_dies_after_its_answer(start: Start, measured: Measured) -> None:
    """A job that was accepted with 202 goes on without the API, and is there when it is back."""
    service = start()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    kill(service.api)
    service.start_api()
    service.check(job)
    measured("0 rows lost")


@ON_BOTH_APART
def test_the_api_dies_during_a_download(start: Start, measured: Measured) -> None:
    """The client continues its download when the API is back; no byte is lost or repeated."""
    service = start()
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    service.check(job)
    whole = service.client.get(f"{job.location}/results").content
    path, killed = service.folder / "downloaded.csv", 0
    with (
        Client(str(service.client.base_url)) as client,
        path.open("wb") as file,
    ):
        for chunk in client.chunks(job.id):
            file.write(chunk)
            if killed < 2 and file.tell() > (killed + 1) * len(whole) // 4:
                killed += 1
                kill(service.api)
                service.start_api()
    assert path.read_bytes() == whole
    measured(f"{killed} kills, 0 bytes lost")


@ON_BOTH_APART
def test_a_slow_client_holds_no_memory(start: Start, measured: Measured) -> None:
    """Clients that request a large result and read nothing do not make the API grow."""
    service = start(part_seconds="4")
    service.env["SCORELANE_SERVE"] = "hostile"
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    service.check(job)
    before = service.api_bytes()
    connections = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", service.port))
        connection.sendall(
            f"GET {job.location}/results HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        connections.append(connection)
    grown = service.api_bytes() - before
    for connection in connections:
        connection.close()
    result = pd.DataFrame({"bytes": [len(service.client.get(f"{job.location}/results").content)]})
    assert grown < 20 * result["bytes"][0] / 2
    measured(f"{grown / 1e6:.0f} MB for 20 clients")
