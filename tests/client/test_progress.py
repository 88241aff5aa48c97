"""How the progress of a job is shown."""

import io
import re
import sys
import warnings
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from scorelane.client.job_state import JobState
from scorelane.client.progress import job_bar, line_printer, show_progress


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


class Cell:
    """The output of a notebook's cell, in place of IPython's display."""

    def __init__(self) -> None:
        self.shown: list[list[str]] = []

    def display(self, shown: Any, *, display_id: bool) -> "Cell":
        assert display_id
        self.shown.append([shown._repr_html_()])
        return self

    def update(self, shown: Any) -> None:
        self.shown[-1].append(shown._repr_html_())


def in_a_notebook(monkeypatch: pytest.MonkeyPatch, shell_class: str) -> Cell:
    """Pretend to run in an IPython with a shell of this class."""
    cell, shell = Cell(), type(shell_class, (), {})()
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    display.display = cell.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return cell


@pytest.mark.parametrize("rich", [True, False])
def test_a_bar_in_a_notebook(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, rich: bool
) -> None:
    """It moves in one output, and needs neither ipywidgets nor rich."""
    if not rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    cell = in_a_notebook(monkeypatch, "ZMQInteractiveShell")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with show_progress() as update:
            for progress in (0.0, 0.25, 0.5, 1.0):
                update(job(progress=progress))
    [states] = cell.shown
    assert [re.findall(r"value='([^']*)'", one) for one in states] == [
        ["0.0"], ["0.25"], ["0.5"], ["1.0"],
    ]  # fmt: skip
    assert capsys.readouterr() == ("", "")


def test_each_wait_in_a_notebook_has_its_bar(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`wait` shows a bar each time that it is called, and updates it to the end of the job."""
    cell = in_a_notebook(monkeypatch, "ZMQInteractiveShell")
    for _ in range(2):
        client.submit(b"text\nhello\n").wait(show=True)
    assert ["succeeded" in states[-1] for states in cell.shown] == [True, True]


def test_ipython_on_a_terminal(
    client: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell without notebook shows progress as Python does."""
    cell = in_a_notebook(monkeypatch, "TerminalInteractiveShell")
    client.submit(b"text\nhello\n").wait(show=True)
    assert capsys.readouterr().err.startswith("succeeded: 1 of 1 rows")
    assert cell.shown == []
