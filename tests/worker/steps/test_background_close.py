"""A part is closed while the next one is scored."""

from threading import Event

import pytest
from support.in_memory import Service

from shared.telemetry import context
from worker.steps.background_close import BackgroundCloser


def test_a_part_is_closed_in_the_background() -> None:
    """One part at a time: the next part waits for it, and so does the end of the process."""
    closer, allowed, closed = BackgroundCloser(), Event(), list[str]()

    def close() -> None:
        assert allowed.wait(10)
        closed.append("first")

    closer(close)
    assert closed == []
    allowed.set()
    closer(lambda: closed.append("second"))
    assert closed[:1] == ["first"]
    closer.wait()
    assert closed == ["first", "second"]


def test_log_lines_of_a_close_have_the_context_of_its_task() -> None:
    """The thread logs with the context of the part's task, though the process runs another one."""
    closer, found = BackgroundCloser(), list[object]()
    with context.about(job="a"):
        closer(lambda: found.append(context.fields()["job"]))
    closer.wait()
    assert found == ["a"]


def test_a_failed_close_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The error is logged, and the next part is closed."""
    closer, closed = BackgroundCloser(), list[int]()

    def raises() -> None:
        raise RuntimeError("Redis is away")

    closer(raises)
    closer(lambda: closed.append(1))
    closer.wait()
    assert closed == [1]
    assert "a part was not closed" in caplog.text


def test_a_job_has_the_same_results_with_background_close(service: Service) -> None:
    """Each row comes once and in order if all parts are closed in the background."""
    closer = service.pipeline._run_close = BackgroundCloser()
    content = b"ref,text\n" + b"".join(b"%d,z\n" % row for row in range(5000))
    location = service.submit(content).location
    while service.client.get(location).json["state"] != "succeeded":
        service.work()
        closer.wait()
    rows = service.client.get(f"{location}/results?format=json&limit=10000").json["rows"]
    assert [row["ref"] for row in rows] == [str(row) for row in range(5000)]
