"""Metrics, logs, traces and commands for operators, with two API processes and two workers."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from support.collector import Collector
from support.programs import Programs, free_port, many_rows, programs
from support.scraped import check_openmetrics, complaints, total
from support.waiting import wait_for

pytestmark = pytest.mark.stack

ROWS = 20_000


@pytest.fixture(scope="module")
def ports() -> list[int]:
    """The ports of the workers' metrics."""
    return [free_port(), free_port()]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector that receives the spans of the programs."""
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, sockets: Path, ports: list[int], collector: Collector
) -> Iterator[Programs]:
    """The service with two workers, verbose logs, and one unknown setting."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    env = {
        "SCORELANE_RETENTION_SECOND": "5",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with programs(
        tmp_path_factory.mktemp("operators"),
        own,
        env=env,
        processes="2",
        log_level="DEBUG",
        heartbeat_seconds="0.5",
    ) as running:
        for port in ports:
            running.env["SCORELANE_METRICS_PORT"] = str(port)
            running.start_worker()
        wait_for(
            lambda: running.client.get("/readyz").json().get("processes") and all_there(running)
        )
        yield running


def all_there(service: Programs) -> bool:
    """Whether each worker has both processes, by its last heartbeat."""
    workers = service.client.get("/workers").json()["workers"]
    return [len(worker["processes"]) for worker in workers] == [2, 2]


def loaded(service: Programs) -> int:
    """The number of worker processes that have ever loaded their model."""
    return sum(line["message"].startswith("loaded ") for line in log_lines(service, "worker"))


def page(service: Programs) -> str:
    return service.client.get("/metrics").text


def pages(ports: list[int]) -> str:
    """The metrics of both workers in one text, so that a total is the sum of both."""
    return "".join(httpx.get(f"http://127.0.0.1:{port}/metrics").text for port in ports)


def log_lines(service: Programs, name: str) -> list[dict[str, Any]]:
    """The lines of a program's JSON log."""
    text = (service.folder / f"{name}.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_totals_match_the_requests(service: Programs, ports: list[int]) -> None:
    """Metrics are complete, whichever API process answered and whichever worker scored."""
    before, worked = page(service), pages(ports)
    content, _ = many_rows(ROWS)
    location = service.submit(content + b"r,\n")
    assert service.wait_for_end(location)["rows"]["failed"] == 1

    def ask(_: int) -> int:
        # One connection each, so that requests are spread over the API's processes.
        url = f"http://127.0.0.1:{service.port}/sentiment"
        return httpx.post(url, json={"text": ["good", "bad"]}, timeout=60).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(100))) == {200}
    small = service.client.post("/jobs", json={"text": ["good"]}).headers["Location"]
    service.wait_for_end(small)

    def grown(name: str, *labels: str) -> float:
        return total(page(service), name, *labels) - total(before, name, *labels)

    sentiment = ("POST", "/sentiment", "200")
    wait_for(lambda: grown("scorelane_http_requests_total", *sentiment) == 100)
    assert grown("scorelane_http_request_duration_seconds_count", "POST", "/sentiment") == 100
    assert grown("scorelane_rows_total", "completed") == ROWS + 1
    assert grown("scorelane_rows_total", "failed") == 1
    assert grown("scorelane_jobs_ended_total", "succeeded") == 2
    parts = grown("scorelane_parts_total")
    assert parts

    def done(name: str, *labels: str) -> float:
        return total(pages(ports), name, *labels) - total(worked, name, *labels)

    wait_for(lambda: done("scorelane_worker_small_jobs_total") == 101)
    assert done("scorelane_worker_rows_total", "completed") == ROWS + 1 + 200
    assert done("scorelane_worker_row_errors_total", "empty") == 1
    assert done("scorelane_worker_parts_total") == parts
    assert done("scorelane_step_duration_seconds_count", "split") == 1
    assert done("scorelane_step_duration_seconds_count", "finish") == 1
    assert total(pages(ports), "scorelane_worker_model_processes", "fast") == 4
    assert total(page(service), "scorelane_workers") == 2
    for found in (page(service), httpx.get(f"http://127.0.0.1:{ports[0]}/metrics").text):
        assert complaints(found) == []
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    check_openmetrics(service.client.get("/metrics", headers=accept).text)


def test_a_replaced_process_counts_on(service: Programs, ports: list[int]) -> None:
    """The counts of an API or worker process survive its death."""
    names = ("scorelane_http_requests_total", "scorelane_worker_rows_total")
    before = [total(page(service), names[0], "/sentiment"), total(pages(ports), names[1])]
    started = loaded(service)
    for victim in psutil.Process(service.api.pid).children():
        victim.kill()
    for worker in service.running("worker"):
        victim = psutil.Process(worker.pid).children()[0]
        victim.kill()
        wait_for(lambda gone=victim: not gone.is_running())
    # The last heartbeat of a worker may be older than the death of its processes.
    wait_for(lambda: loaded(service) == started + 2)
    wait_for(lambda: service.status("/readyz") == 200 and all_there(service))
    assert service.client.post("/sentiment", json={"text": ["good"]}).status_code == 200
    wait_for(lambda: total(page(service), names[0], "/sentiment") == before[0] + 1)
    wait_for(lambda: total(pages(ports), names[1]) == before[1] + 1)


def test_a_trail_leads_from_a_request_to_its_parts(service: Programs) -> None:
    """The request id is in the log lines of both programs, and no line holds a text."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = {"Content-Type": "text/csv", "X-Request-ID": "mine-1", "traceparent": trace}
    secret = "what_somebody_wrote"  # noqa: S105  not that kind
    content = "text\n" + f"{secret}\n" * 3000
    answer = service.client.post("/jobs", content=content.encode(), headers=sent)
    assert answer.headers["X-Request-ID"] == "mine-1"
    service.wait_for_end(answer.headers["Location"])
    job_id = answer.json()["id"]

    def of_it(name: str) -> list[dict[str, Any]]:
        return [line for line in log_lines(service, name) if line.get("request_id") == "mine-1"]

    wait_for(lambda: {line.get("step") for line in of_it("worker")} == {"split", "score", "finish"})
    [access] = wait_for(lambda: of_it("api"))
    of_request = access["traceparent"]
    lines = {(line["job"], line["traceparent"]) for line in of_it("worker")}
    assert lines == {(job_id, of_request)}
    assert (access["route"], access["status"], access["method"]) == ("/jobs", 202, "POST")
    # The trace of the client contains the span of this request.
    assert of_request[:36] == trace[:36]
    for name in ("api", "worker"):
        assert secret not in (service.folder / f"{name}.log").read_text()


def test_one_trace_spans_a_request_and_its_steps(service: Programs, collector: Collector) -> None:
    """A bulk job, a small job and a question each have the right spans."""
    sent: dict[str, set[str]] = {}
    steps = {"split", "score", "finish"}
    for number, (path, body, expected) in enumerate(
        [
            ("/jobs", b"text\n" + b"good\n" * 3000, steps),
            ("/jobs", b'{"text": ["good"]}', {"answer"}),
            ("/sentiment", b'{"text": ["good"]}', {"answer"}),
        ],
        1,
    ):
        trace_id = f"{number:032x}"
        kind = "application/json" if body.startswith(b"{") else "text/csv"
        headers = {"Content-Type": kind, "traceparent": f"00-{trace_id}-{'b' * 16}-01"}
        assert service.client.post(path, content=body, headers=headers).is_success
        sent[trace_id] = {f"POST {path}", *expected}

    def names(trace_id: str) -> set[str]:
        return {span.name for span in collector.traces().get(trace_id, [])}

    for trace_id, expected in sent.items():
        wait_for(lambda of=trace_id, these=expected: names(of) == these)
        spans = collector.traces()[trace_id]
        [request] = [span for span in spans if span.name.startswith("POST")]
        assert request.parent_span_id.hex() == "b" * 16
        assert {span.parent_span_id for span in spans if span is not request} == {request.span_id}
    assert "good" not in str(collector.spans)


def test_an_error_names_the_request(service: Programs) -> None:
    """A request id with a line break is replaced; frequent requests are logged at DEBUG."""
    answer = service.client.get("/jobs/nothing", headers={"X-Request-ID": 'a" b'})
    request_id = answer.headers["X-Request-ID"]
    assert request_id != 'a" b'
    assert answer.json()["request_id"] == request_id
    service.client.get("/livez")
    lines = wait_for(lambda: [one for one in log_lines(service, "api") if one.get("route")])
    levels = {(one["route"], one["level"]) for one in lines}
    assert ("/livez", "DEBUG") in levels
    assert ("/jobs/<job_id>", "INFO") in levels


def command(service: Programs, *arguments: str) -> tuple[int, Any]:
    """Run a command with JSON output; returns its exit status and its output."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from scorelane.commands.main import main; main()",
            *arguments,
            "--json",
            "--url",
            f"http://127.0.0.1:{service.port}",
        ],
        cwd=service.folder,
        env=service.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_top_and_doctor_look_at_the_service(service: Programs) -> None:
    """`top` shows both workers; `doctor` finds the unknown setting, and no fault."""
    wait_for(lambda: all_there(service))
    status, seen = command(service, "top", "--once")
    assert status == 0
    assert [len(worker["processes"]) for worker in seen["workers"]] == [2, 2], seen
    assert [model["processes"] for model in seen["models"]] == [4]
    assert sum(worker["rows"] for worker in seen["workers"]) > 0
    status, found = command(service, "doctor")
    assert status == 1
    assert [one for one in found if one["level"] == "fault"] == []
    assert "2 workers are alive, with 4 processes." in [one["message"] for one in found]
    warned = [one["message"] for one in found if one["level"] == "warning"]
    assert [said for said in warned if "SCORELANE_RETENTION_SECOND " in said]


def test_both_programs_warn_of_an_unknown_setting(service: Programs) -> None:
    """At start the programs warn of an unknown setting, and suggest the most similar one."""
    for name in ("api", "worker"):
        [line] = [one for one in log_lines(service, name) if "is not a setting" in one["message"]][
            :1
        ]
        assert line["level"] == "WARNING"
        assert "did you mean SCORELANE_RETENTION_SECONDS?" in line["message"]


def test_the_api_stays_light(service: Programs) -> None:
    """Each API process takes under 200 MB, with metrics and logs."""
    for process in psutil.Process(service.api.pid).children():
        assert process.memory_info().rss < 200 * 2**20
