"""How the progress of a job is shown."""

import io
import re
import sys
from typing import Any

import pytest
from rich.console import Console

from scorelane.client.job_state import JobState
from scorelane.client.progress import job_bar, line_printer


def job(state: str = "running", **changes: Any) -> JobState:
    """A job of a million rows, built from the service's JSON."""
    body = {
        "id": "a" * 32, "state": state, "model": {"name": "fast", "version": "1"},
        "rows": {"total": 1_000_000, "completed": 250_000, "failed": 1}, "progress": 0.25,
        "rows_per_second": 41_000.4, "eta_seconds": 75.2, "created_at": "2026-01-01T00:00:00.000Z",
        "started_at": None, "finished_at": None, "error": None, "detail": "It is <b>well</b>.",
        **changes,
    }  # fmt: skip
    return JobState.from_json(body)


def test_lines() -> None:
    """In a log there is one line for each state and each tenth of the rows."""
    out = io.StringIO()
    update = line_printer(out)
    queued = {"rows": {"total": None, "completed": 0, "failed": 0}, "progress": 0.0}
    for one in (
        job("queued", **queued),
        job("queued", **queued),
        job(),
        job(progress=0.29),
        job(progress=0.3),
        job("succeeded", progress=1.0),
    ):
        update(one)
    assert out.getvalue().splitlines() == [
        "queued: It is <b>well</b>.",
        "running: 250,001 of 1,000,000 rows, 41,000 rows/s, 1:15 left",
        "running: 250,001 of 1,000,000 rows, 41,000 rows/s, 1:15 left",
        "succeeded: 250,001 of 1,000,000 rows, 41,000 rows/s",
    ]


def test_a_bar() -> None:
    """The bar shows a running job's rows; for a queued job it shows why the job waits."""
    out = io.StringIO()
    with job_bar(Console(file=out, force_terminal=True, width=120)) as update:
        update(job())
        update(job("queued", detail="[bold]No worker[/] serves it."))
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert "250001/1000000" in shown
    assert "[bold]No worker[/] serves it." in shown


def test_progress_is_shown_on_stderr(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`show=True` shows the progress; nothing is written to stdout."""
    client.submit(b"text\nhello\n").wait(show=True)
    output = capsys.readouterr()
    assert re.fullmatch(r"succeeded: 1 of 1 rows(, \d+ rows/s)?\n", output.err)
    assert not output.out


def test_progress_without_rich(
    client: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without rich the progress is shown as lines."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    client.submit(b"text\nhello\n").wait(show=True)
    assert capsys.readouterr().err.startswith("succeeded: 1 of 1 rows")


def test_a_job_in_a_notebook() -> None:
    """A notebook shows a table, in which the service's texts are escaped."""
    page = job("queued")._repr_html_()
    assert "It is &lt;b&gt;well&lt;/b&gt;." in page
    assert "1,000,000; 250,000 scored, 1 with an error" in page
    assert "<progress max='1' value='0.25'>" in page
