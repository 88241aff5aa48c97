"""What is seen of a job while it is waited for."""

import io
import re
import sys
from typing import Any

import pytest
from rich.console import Console

from scorelane.client.job_state import JobState
from scorelane.client.progress import job_bar, line_printer


def job(state: str = "running", **changes: Any) -> JobState:
    """A job of a million rows, as the service describes it."""
    body = {
        "id": "a" * 32, "state": state, "model": {"name": "fast", "version": "1"},
        "rows": {"total": 1_000_000, "completed": 250_000, "failed": 1}, "progress": 0.25,
        "rows_per_second": 41_000.4, "eta_seconds": 75.2, "created_at": "2026-01-01T00:00:00.000Z",
        "started_at": None, "finished_at": None, "error": None, "detail": "It is <b>well</b>.",
        **changes,
    }  # fmt: skip
    return JobState.from_json(body)


def test_lines() -> None:
    """Where nothing can move there is a line for each state and each tenth, and no more."""
    out = io.StringIO()
    tell = line_printer(out)
    queued = {"rows": {"total": None, "completed": 0, "failed": 0}, "progress": 0.0}
    for one in (
        job("queued", **queued),
        job("queued", **queued),
        job(),
        job(progress=0.29),
        job(progress=0.3),
        job("succeeded", progress=1.0),
    ):
        tell(one)
    assert out.getvalue().splitlines() == [
        "queued: It is <b>well</b>.",
        "running: 250,001 of 1,000,000 rows, 41,000 rows/s, 1:15 left",
        "running: 250,001 of 1,000,000 rows, 41,000 rows/s, 1:15 left",
        "succeeded: 250,001 of 1,000,000 rows, 41,000 rows/s",
    ]


def test_a_bar() -> None:
    """On a terminal it shows rows, rate and the time left; a queued job says why it waits."""
    out = io.StringIO()
    with job_bar(Console(file=out, force_terminal=True, width=120)) as show:
        show(job())
        show(job("queued", detail="[bold]No worker[/] serves it."))
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert "250001/1000000" in said
    assert "[bold]No worker[/] serves it." in said


def test_shown_by_both_clients(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`show=True` is all it takes; what is shown is on stderr."""
    client.submit(b"text\nhello\n").wait(show=True)
    said = capsys.readouterr()
    assert re.fullmatch(r"succeeded: 1 of 1 rows(, \d+ rows/s)?\n", said.err)
    assert not said.out


def test_shown_without_rich(
    client: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client does not need it."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    client.submit(b"text\nhello\n").wait(show=True)
    assert capsys.readouterr().err.startswith("succeeded: 1 of 1 rows")


def test_a_job_in_a_notebook() -> None:
    """It shows as a table; what came from the service is text in it."""
    page = job("queued")._repr_html_()
    assert "It is &lt;b&gt;well&lt;/b&gt;." in page
    assert "1,000,000; 250,000 scored, 1 with an error" in page
    assert "<progress max='1' value='0.25'>" in page
