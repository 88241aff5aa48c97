"""What a user copies from a table is whole, whatever the width of the terminal."""

from pathlib import Path

import click
import pytest
from support.commands import run, serve_job


@pytest.fixture(params=[200, 80, 60, 40, 20])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The width of a terminal, in characters."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes stdout for a terminal
    return int(request.param)


def lines_of(*command: str) -> list[str]:
    result = run(*command)
    assert result.exit_code == 0, result.output
    return click.unstyle(result.stdout).splitlines()


def test_the_list_of_jobs(answers, width: int) -> None:
    """Every id is whole; the version, the date and the counts give way to it."""
    model = {"name": "fast", "version": "e5cff74e16d3"}
    jobs = [answers.job(id=digit * 32, model=model) for digit in "ab"]
    answers.add("GET /jobs?limit=20", 200, {"jobs": jobs, "next": None})
    header, *lines = lines_of("jobs", "--url", answers.url)
    assert [line[:32] for line in lines] == ["a" * 32, "b" * 32]
    assert all("succeeded" in line for line in lines)
    assert ("fast@e5cff74e16d3" in lines[0]) == (width == 200)
    assert ("errors" in header) == (width >= 80)
    assert max(map(len, [header, *lines])) <= max(width, 45)


def test_the_state_of_a_job(answers, width: int) -> None:
    """The id is whole; a long sentence is broken into lines."""
    answers.add("GET /jobs/x", 200, answers.job(detail="So many words. " * 20))
    lines = lines_of("status", "x", "--url", answers.url)
    assert any(answers.JOB_ID in line for line in lines)
    assert max(map(len, lines)) <= max(width, 45)


@pytest.mark.usefixtures("width")
def test_the_list_of_models(answers) -> None:
    """Names and versions are whole."""
    model = {
        "name": "a-model-with-a-long-name",
        "version": "e5cff74e16d3",
        "format": "pkl",
        "rows_per_second": 1000.0,
        "processes": 2,
        "description": "It was trained on reviews, and is good at many things.",
        "default": True,
    }
    failed = [{"name": "mine", "reason": "it is damaged"}]
    answers.add("GET /models", 200, {"models": [model], "failed": failed})
    page = "\n".join(lines_of("models", "--url", answers.url))
    assert "a-model-with-a-long-name (default)" in page
    assert "e5cff74e16d3" in page


def test_a_job_that_was_scored(answers, file: Path, width: int) -> None:
    """The refs are whole, and the bars of the histogram are as long as there is room."""
    ref = "01a227ce3c" * 3
    content = f"ref,Sentiment_Score,error\n{ref},0.95,\n2,,why\n".encode()
    serve_job(answers, content, rows={"total": 2, "completed": 1, "failed": 1})
    lines = lines_of("score", str(file), "--url", answers.url)
    assert any(line.startswith(ref) for line in lines)
    bars = [line for line in lines if " - " in line and line.startswith("  ")]
    assert len(bars) == 10
    assert max(map(len, bars)) <= max(width, 25)
    assert bars[9].count("█") == min(40, max(1, width - 23))
