"""Event streams of the real programs."""

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psutil
import pytest
from support.programs import Programs, many_rows, programs
from support.scraped import total
from support.transports import QUICK, CutOff
from support.waiting import wait_for

from scorelane import Client
from shared.config.settings import Settings
from shared.redis.link import RedisLink

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """The service with its default of two API processes with 16 streams each."""
    folder, own = tmp_path_factory.mktemp("events"), Path(tempfile.mkdtemp(dir=sockets))
    with programs(folder, own, processes="1") as running:
        running.start_worker()
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def waiting(service: Programs) -> str:
    """A job that waits forever, because its messages are already consumed."""
    location = service.submit(b"text\nI am well\n")
    service.wait_for_end(location)
    link = RedisLink(Settings(redis_url=service.env["SCORELANE_REDIS_URL"]))
    link.client.hset(link.key("job", location.removeprefix("/jobs/")), "state", "queued")
    link.client.delete(link.key("job", location.removeprefix("/jobs/"), "bell"))
    link.close()
    return location


def test_a_job_is_followed_over_http(service: Programs) -> None:
    """One connection follows a job from start to end; then the service closes it."""
    content, _ = many_rows(60_000)
    kinds, last = [], {}
    with service.client.stream("GET", f"{service.submit(content)}/events") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
            elif line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
    assert kinds[0] == "progress"
    assert kinds[-1] == "end"
    assert kinds.count("end") == 1
    assert (last["state"], last["rows"]["completed"]) == ("succeeded", 60_000)


def test_a_client_loses_nothing_over_cut_connections(service: Programs) -> None:
    """Over connections that are cut, the client gets each event and row of a job once."""
    content, frame = many_rows(200_000)
    with httpx.HTTPTransport() as network:
        quiet = CutOff(network, "/events", 30, 900, 1700)
        cut = CutOff(quiet, "/results", 7, 70_000, 1)
        with Client(str(service.client.base_url), transport=cut, retries=QUICK) as client:
            job = client.submit(content)
            followed = b"".join(job.chunks(follow=True))
            events = list(client.submit(content).events())
            assert followed == b"".join(job.chunks())
    assert quiet.cuts == cut.cuts == []
    assert followed.count(b"\n") == len(frame) + 1
    assert len({event.id for event in events}) == len(events)
    assert [event.kind for event in events][-2:] == ["progress", "end"]
    assert (events[-1].job.state, events[-1].job.completed) == ("succeeded", 200_000)


def test_streams_leave_room_for_other_requests(service: Programs, waiting: str) -> None:
    """With all stream slots taken the API serves other requests; a lost client frees its slot."""
    url = f"{service.client.base_url}{waiting}/events"

    def tried(held: ExitStack) -> httpx.Response:
        # One connection each; the kernel chooses the process that accepts it.
        client = held.enter_context(httpx.Client(timeout=60))
        return held.enter_context(client.stream("GET", url))

    with ExitStack() as held:
        there, tries = 0, 0
        while there < 32:
            answer, tries = tried(held), tries + 1
            assert tries < 1000, "no process has another place, and fewer than 32 are taken"
            if answer.status_code == 200:
                there += 1
            else:
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        for _ in range(20):
            score = service.client.post("/sentiment", json={"text": ["I am well"]})
            assert score.status_code == 200, score.text
        location = service.submit(b"text\nI am well\n")
        assert service.wait_for_end(location)["state"] == "succeeded"
        assert tried(held).status_code == 503
        # In every process.
        assert {scraped(service, "scorelane_event_streams") for _ in range(12)} == {32}
    with ExitStack() as held:
        wait_for(lambda: tried(held).status_code == 200)
    wait_for(lambda: scraped(service, "scorelane_event_streams") == 0)


def scraped(service: Programs, name: str, *labels: str) -> float:
    """A value in the API's `/metrics`, read over a new connection."""
    page = httpx.get(f"{service.client.base_url}/metrics", timeout=60)
    assert page.status_code == 200, page.text
    return total(page.text, name, *labels)


def test_waiting_requests_are_counted_until_their_process_ends(
    service: Programs, waiting: str
) -> None:
    """The gauges count waiting requests and streams of all processes, except of killed ones."""
    wait, url = {"Prefer": "wait=30"}, f"{service.client.base_url}{waiting}"
    first, second = psutil.Process(service.api.pid).children()

    def ask() -> None:
        with suppress(httpx.TransportError):
            httpx.get(url, headers=wait, timeout=60)

    waiters = [threading.Thread(target=ask, daemon=True) for _ in range(6)]
    for waiter in waiters:
        waiter.start()
    with ExitStack() as held:
        for _ in range(6):
            client = held.enter_context(httpx.Client(timeout=60))
            assert held.enter_context(client.stream("GET", f"{url}/events")).status_code == 200
        wait_for(lambda: scraped(service, "scorelane_waiting_requests", "job") == 6)
        assert scraped(service, "scorelane_event_streams") == 6
        for process in (first, second):
            process.kill()
        wait_for(lambda: scraped(service, "scorelane_waiting_requests", "job") == 0)
        assert scraped(service, "scorelane_event_streams") == 0
    for waiter in waiters:
        waiter.join(60)
        assert not waiter.is_alive()


def test_a_stop_waits_for_no_stream(service: Programs, waiting: str) -> None:
    """On SIGTERM a replica ends its streams and exits."""
    replica, port = service.start_replica()
    with httpx.stream("GET", f"http://127.0.0.1:{port}{waiting}/events", timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry")
        replica.terminate()
        assert "event: end" not in list(lines)
    # Far below the 25 s that gunicorn grants to requests under way.
    assert replica.wait(10) == 0
