"""A part is closed while the next one is scored."""

from threading import Event

import pytest
from support.in_memory import Service

from shared.telemetry import context
from worker.steps.background_close import BackgroundCloser


def test_a_part_is_closed_beside_what_follows() -> None:
    """And only one: the next one waits for it, and so does the end of the process."""
    closer, may, closed = BackgroundCloser(), Event(), list[str]()

    def closing() -> None:
        assert may.wait(10)
        closed.append("first")

    closer(closing)
    assert closed == []
    may.set()
    closer(lambda: closed.append("second"))
    assert closed[:1] == ["first"]
    closer.wait()
    assert closed == ["first", "second"]


def test_its_log_lines_are_those_of_its_task() -> None:
    """What its task's message carried is known to it, though the process has another task."""
    closer, found = BackgroundCloser(), list[object]()
    with context.about(job="a"):
        closer(lambda: found.append(context.fields()["job"]))
    closer.wait()
    assert found == ["a"]


def test_what_cannot_be_closed_hinders_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; its lease brings it back."""
    closer, closed = BackgroundCloser(), list[int]()

    def raises() -> None:
        raise RuntimeError("as where Redis is away")

    closer(raises)
    closer(lambda: closed.append(1))
    closer.wait()
    assert closed == [1]
    assert "a part was not closed" in caplog.text


def test_a_job_is_the_same_with_it(service: Service) -> None:
    """Rows in order, each once, with all parts closed beside the scoring of others."""
    closer = service.pipeline._run_close = BackgroundCloser()
    content = b"ref,text\n" + b"".join(b"%d,z\n" % row for row in range(5000))
    location = service.submit(content).location
    while service.client.get(location).json["state"] != "succeeded":
        service.work()
        closer.wait()
    rows = service.client.get(f"{location}/results?format=json&limit=10000").json["rows"]
    assert [row["ref"] for row in rows] == [str(row) for row in range(5000)]
