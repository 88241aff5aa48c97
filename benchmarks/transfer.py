"""A bulk job as a client sees it, from the first byte of the upload to the last of the result."""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from benchmarks.service import Running

#: The number of bytes per read and write; large, so that the client takes little processor time.
BLOCK = 1 << 20

#: The maximum seconds that a request waits for the end of a job, as in Scorelane's own client.
WAIT_SECONDS = 60


class JobFailed(Exception):
    """A job did not succeed, or the API refused a request; the message says why."""


@dataclass(frozen=True)
class Transfer:
    """A job that was sent, scored and downloaded; all times are in seconds.

    Attributes:
        job_id: the id of the job.
        seconds: the time from the first byte sent to the last byte received.
        upload: the time until the API had accepted the job.
        scoring: the time from `started_at` to `finished_at` in the job's record.
        download: the time from the request for the results to their last byte.
        polls: the number of requests for the job's state.
    """

    job_id: str
    seconds: float
    upload: float
    scoring: float
    download: float
    polls: int


def transfer(
    running: Running, source: Path, target: Path, model: str = "fast", *, query: str = ""
) -> Transfer:
    """Send a CSV, wait until it is scored, and download the result CSV.

    `query` are more options of the job, each after a `&`.

    Raises:
        JobFailed: the job did not succeed.
    """
    connection = HTTPConnection(running.host, running.port, timeout=120, blocksize=BLOCK)
    try:
        started = time.perf_counter()
        with source.open("rb") as file:
            connection.putrequest("POST", f"/jobs?model={model}{query}")
            connection.putheader("Content-Type", "text/csv")
            connection.putheader("Content-Length", str(source.stat().st_size))
            connection.endheaders()
            connection.sock.sendfile(file)
            job = _json(connection.getresponse(), 202)
        uploaded = time.perf_counter()
        polls = 0
        while job["state"] in ("queued", "running"):
            headers = {"Prefer": f"wait={WAIT_SECONDS}"}
            connection.request("GET", f"/jobs/{job['id']}", headers=headers)
            job = _json(connection.getresponse(), 200)
            polls += 1
        if job["state"] != "succeeded":
            raise JobFailed(f"The job is {job['state']}: {job['error']}")
        requested = time.perf_counter()
        connection.request("GET", f"/jobs/{job['id']}/results")
        _save(connection.getresponse(), target)
        ended = time.perf_counter()
    finally:
        connection.close()
    begin, end = (datetime.fromisoformat(job[at]) for at in ("started_at", "finished_at"))
    return Transfer(
        job_id=job["id"],
        seconds=ended - started,
        upload=uploaded - started,
        scoring=(end - begin).total_seconds(),
        download=ended - requested,
        polls=polls,
    )


def poll(running: Running, job_id: str) -> dict[str, Any]:
    """Get the current state of a job.

    Raises:
        JobFailed: the API refuses.
    """
    found: dict[str, Any] = json.loads(_send(running, "GET", job_id, 200))
    return found


def remove(running: Running, job_id: str) -> None:
    """Delete a job that has ended, and its results.

    Raises:
        JobFailed: the API refuses.
    """
    _send(running, "DELETE", job_id, 204)


def _send(running: Running, method: str, job_id: str, status: int) -> bytes:
    connection = HTTPConnection(running.host, running.port, timeout=120)
    try:
        connection.request(method, f"/jobs/{job_id}")
        return _content(connection.getresponse(), status)
    finally:
        connection.close()


def _content(answer: HTTPResponse, status: int) -> bytes:
    content = answer.read()
    if answer.status != status:
        raise JobFailed(f"The API answered {answer.status}: {content.decode(errors='replace')}")
    return content


def _json(answer: HTTPResponse, status: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_content(answer, status))
    return found


def _save(answer: HTTPResponse, target: Path) -> None:
    if answer.status != 200:
        _content(answer, 200)
    with target.open("wb") as file:
        while block := answer.read1(BLOCK):
            file.write(block)
