"""Submitting, waiting for and listing jobs, through both clients."""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service
from support.transports import AsyncTransport, Script, Working, problem

from scorelane import AsyncClient, AsyncJob, Client, Job, Retries
from scorelane.client.errors import BadRequest, JobEnded, JobNotFinished, Unavailable, WaitTimeout

ROWS = b"ref,text\n1,hello\n2,\n3,hello you\n"
JOB_JSON = {
    "id": "a" * 32, "state": "succeeded", "model": {"name": "m", "version": "1"},
    "rows": {"total": 1, "completed": 1, "failed": 0}, "progress": 1.0,
    "rows_per_second": None, "eta_seconds": None, "created_at": "2026-01-01T00:00:00.000Z",
    "started_at": None, "finished_at": None, "error": None, "detail": "Done.",
}  # fmt: skip
SCORED = b"ref,Sentiment_Score,error\n1,0.05,\n2,,the text is empty\n3,0.09,\n"


def test_a_job_from_its_beginning_to_its_end(client: Any, tmp_path: Path) -> None:
    """A job is submitted, waited for and downloaded with its own methods."""
    states: list[str] = []
    job = client.submit(ROWS)
    assert job.state == "queued"
    job = job.wait(lambda job: states.append(job.state), timeout=10)
    assert states == ["succeeded"]
    assert (job.total, job.completed, job.failed, job.ended) == (3, 2, 1, True)
    assert job.save(tmp_path / "out.csv") == tmp_path / "out.csv"
    assert (tmp_path / "out.csv").read_bytes() == b"".join(job.chunks()) == SCORED


def test_a_job_by_its_id(client: Any) -> None:
    """Calls that take a job also take its id."""
    job_id = client.submit(ROWS).id
    assert client.wait(job_id).state == "succeeded"
    assert b"".join(client.chunks(job_id)) == SCORED
    assert client.job(job_id).id == job_id
    client.delete(job_id)
    assert list(client.jobs()) == []


def test_a_job_can_be_cancelled_once(client: Any) -> None:
    """A second cancel raises JobEnded."""
    job = client.submit(ROWS)
    assert job.cancel().state == "cancelled"
    with pytest.raises(JobEnded):
        job.cancel()


def test_results_before_the_end(client: Any, service: Service, tmp_path: Path) -> None:
    """`save` raises JobNotFinished, with the time to wait, and leaves no file."""
    job = client.submit(ROWS)
    service.dispatch.messages.clear()
    with pytest.raises(JobNotFinished) as raised:
        job.save(tmp_path / "out.csv")
    assert raised.value.retry_after
    assert list(tmp_path.iterdir()) == []


def test_all_jobs_are_listed(
    client: Any, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs` reads all pages, but only as far as the caller reads."""
    monkeypatch.setattr("scorelane.client.calls.jobs.PAGE", 2)
    ids = sorted(client.submit(ROWS).id for _ in range(5))
    assert [job.id for job in client.jobs()] == ids[::-1]
    assert [job.id for job in client.jobs(limit=3)] == ids[:1:-1]
    if isinstance(client, Client):
        working.requests.clear()
        assert next(client.jobs()).id == ids[-1]
        assert len(working.requests) == 1


def test_jobs_are_filtered(client: Any) -> None:
    """Jobs can be filtered by state, label, model and time."""
    job = client.submit(ROWS, labels={"team": "growth", "run": "7"})
    later = client.submit(ROWS)
    later.wait()

    def found(**filters: Any) -> list[str]:
        return [one.id for one in client.jobs(**filters)]

    assert found(labels={"team": "growth"}) == found(labels={"run": "7"}, limit=5) == [job.id]
    assert found(state="cancelled") == found(model="other") == []
    assert set(found(state=["queued", "succeeded"])) == {job.id, later.id}
    moment = datetime.fromisoformat(job.created_at)
    assert found(created_after=moment + timedelta(days=1)) == []
    assert set(found(created_before=(moment + timedelta(days=1)).isoformat())) == (
        {job.id, later.id}
    )
    with pytest.raises(BadRequest, match="RFC 3339"):
        found(created_after="yesterday")


def test_wait_uses_long_polls_and_etags(connected: Callable[..., Any]) -> None:
    """Each request may be held until the job ends, and sends the ETag of the last response."""
    running = httpx.Response(
        200, json=JOB_JSON | {"state": "running"}, headers={"Retry-After": "0", "ETag": 'W/"1"'}
    )
    unchanged = httpx.Response(304, headers={"ETag": 'W/"1"', "Retry-After": "0"})
    script = Script(running, unchanged, httpx.Response(200, json=JOB_JSON))
    assert connected(script).wait("a" * 32).ended
    headers = [request.headers for request in script.requests]
    assert [one.get("Prefer") for one in headers] == ["wait=20"] * 3
    assert [one.get("If-None-Match") for one in headers] == [None, 'W/"1"', 'W/"1"']


def test_a_long_poll_ends_before_the_timeout(connected: Callable[..., Any]) -> None:
    """The service is not asked to hold a request longer than the caller waits."""
    script = Script(httpx.Response(200, json=JOB_JSON))
    connected(script).wait("a" * 32, timeout=7.5)
    connected(script).wait("a" * 32, timeout=0.5)
    assert [one.headers.get("Prefer") for one in script.requests] == ["wait=7", None]


def test_observers_see_each_change(connected: Callable[..., Any]) -> None:
    """The first response comes at once; later requests are held for `Retry-After`."""
    running = {"Retry-After": "1", "ETag": 'W/"1"'}
    script = Script(
        httpx.Response(200, json=JOB_JSON | {"state": "running"}, headers=running),
        httpx.Response(304, headers=running),
        httpx.Response(200, json=JOB_JSON),
    )
    states: list[str] = []
    connected(script).wait("a" * 32, lambda job: states.append(job.state), longest_pause=1.0)
    assert states == ["running", "succeeded"]
    assert [one.headers.get("Prefer") for one in script.requests] == [None, "wait=1", "wait=1"]


def test_sentiment_and_models(connected: Callable[..., Any], service: Service) -> None:
    """`sentiment` scores a few texts at once, and `models` lists the models."""
    client = connected(Answering(service))
    assert [model["name"] for model in client.models()] == ["length"]
    scores = client.sentiment({"ref": [7], "text": ["hello"]})
    assert scores == [{"ref": 7, "Sentiment_Score": length_score("hello")}]


def test_ready(connected: Callable[..., Any], working: Working) -> None:
    """`ready` returns the models with live processes; without any it raises Unavailable."""
    assert connected(working).ready() == {"length@000000000001": 1}
    not_yet = Script(problem(503, "no-model-yet"))
    with pytest.raises(Unavailable, match="It is no-model-yet"):
        connected(not_yet, retries=Retries(seconds=0)).ready()


class Answering(Working):
    """A service whose worker scores `POST /sentiment`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/sentiment":
            rows = httpx.Response(200, content=request.read()).json()
            scores = [
                {"ref": ref, "Sentiment_Score": length_score(text)}
                for ref, text in zip(rows["ref"], rows["text"], strict=True)
            ]
            return httpx.Response(200, json=scores)
        return super().handle_request(request)


def test_wait_times_out(client: Any, service: Service) -> None:
    """After `timeout` seconds `wait` raises WaitTimeout, and the job is still queued."""
    job = client.submit(ROWS)
    service.dispatch.messages.clear()
    with pytest.raises(WaitTimeout, match=f"{job.id} is still queued after 0.01 seconds"):
        job.wait(timeout=0.01)
    with pytest.raises(TimeoutError):
        client.wait(job, timeout=0)


def test_wait_survives_an_outage(connected: Callable[..., Any]) -> None:
    """A failed connection and a 503 are retried while waiting."""
    script = Script(
        httpx.Response(200, json={**JOB_JSON, "state": "running"}, headers={"Retry-After": "0"}),
        httpx.ConnectError("refused"),
        problem(503, "store-unavailable", Retry_After="0"),
        httpx.Response(200, json=JOB_JSON),
    )
    assert connected(script).wait("a" * 32).state == "succeeded"


def test_clients_work_in_a_running_event_loop(working: Working) -> None:
    """Both clients can be used in a running event loop, as in a notebook."""

    async def cell() -> tuple[bytes, bytes]:
        async with AsyncClient("http://x", transport=AsyncTransport(working)) as async_client:
            job: AsyncJob = await (await async_client.submit(ROWS)).wait()
            awaited = b"".join([chunk async for chunk in job.chunks()])
        with Client("http://x", transport=working) as client:
            return awaited, b"".join(client.submit(ROWS).wait().chunks())

    assert asyncio.run(cell()) == (SCORED, SCORED)


def test_on_progress_may_be_a_coroutine_function(working: Working) -> None:
    """AsyncClient awaits an `on_progress` that returns an awaitable."""
    states: list[str] = []

    async def note(job: Any) -> None:
        await asyncio.sleep(0)
        states.append(job.state)

    async def cell() -> None:
        async with AsyncClient("http://x", transport=AsyncTransport(working)) as client:
            await (await client.submit(ROWS)).wait(note)

    asyncio.run(cell())
    assert states == ["succeeded"]


def test_concurrent_jobs(working: Working) -> None:
    """One AsyncClient can submit and wait for several jobs concurrently."""

    async def score(client: AsyncClient, text: str) -> bytes:
        job = await client.submit(f"text\n{text}\n".encode())
        return b"".join([chunk async for chunk in (await job.wait()).chunks()])

    async def cell() -> list[bytes]:
        async with AsyncClient("http://x", transport=AsyncTransport(working)) as client:
            return await asyncio.gather(*(score(client, "x" * n) for n in range(1, 6)))

    header = b"ref,Sentiment_Score,error\n"
    assert asyncio.run(cell()) == [header + b"1,0.0%d,\n" % n for n in range(1, 6)]


def test_methods_document_themselves() -> None:
    """Methods keep their docs and parameters; those of a job have no parameter for the job."""
    assert "timeout" in inspect.signature(Client.wait).parameters
    for kind in (Job, AsyncJob):
        assert list(inspect.signature(kind.wait).parameters)[:2] == ["self", "on_progress"]
        assert kind.wait.__doc__ == Client.wait.__doc__
    assert "url" in inspect.signature(Client).parameters
    assert repr(Client("http://x")) == "Client('http://x')"


def test_imports_are_light() -> None:
    """`import scorelane` loads no httpx, and the client loads no other large package."""
    heavy = ["pandas", "numpy", "celery", "redis", "flask", "pydantic", "orjson", "shared"]
    code = (
        "import sys, scorelane\n"
        "assert 'httpx' not in sys.modules\n"
        "assert {'Client', 'Job'} <= set(scorelane.__all__)\n"
        "from scorelane import AsyncClient, Client\n"
        "assert 'httpx' in sys.modules\n"
        f"assert not set({heavy}) & set(sys.modules), set({heavy}) & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
