"""Messages of the service name the options of the command line."""

from pathlib import Path

import pytest
from support.commands import run

from scorelane.commands import command_table
from scorelane.commands.common.option_names import in_option_names
from shared.errors.input import BadCallback, BadOption, NoCallbacks, NoSuchColumn, NotText
from shared.errors.service import JobNotFinished, MalformedJobId, NoResults, UnsupportedFormat

JOB_ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("command", "error", "words"),
    [
        (
            "submit",
            NoSuchColumn(column="text", found="a, text_column", option="text_column"),
            ["a, text_column", "option --text-column"],
        ),
        ("submit", NotText(encoding="UTF-8", offset=1, byte="0xff"), ["option --charset"]),
        ("submit", BadOption(option="on_error", value="x", reason="no"), ["--on-error=x "]),
        ("submit", BadOption(option="delimiter", value=";;", reason="no"), ["--delimiter=;; "]),
        ("submit", BadOption(option="label", value="x", reason="no"), ["--label=x "]),
        ("retry", BadOption(option="retention_seconds", value="1", reason="no"), ["--retention=1"]),
        ("submit", BadCallback(reason="no"), ["--callback-url "]),
        ("submit", NoCallbacks(), ["--callback-url "]),
        ("jobs", BadOption(option="created_after", value="x", reason="no"), ["--after=x "]),
        ("add-model", BadOption(option="padding", value="pre", reason="no"), ["--padding=pre "]),
        (
            "results",
            JobNotFinished(job_id=JOB_ID, state="running"),
            [f"`scorelane status {JOB_ID}`", "--partial "],
        ),
        (
            "results",
            NoResults(job_id=JOB_ID, state="failed"),
            [f"`scorelane status {JOB_ID}`", "--partial ", f"`scorelane retry {JOB_ID}`"],
        ),
        (
            "score",
            UnsupportedFormat(found="x", supported="application/x-ndjson"),
            ["format ndjson"],
        ),
        ("status", MalformedJobId(job_id="x"), ["`scorelane jobs`"]),
    ],
)
def test_an_error_of_the_service(command: str, error: Exception, words: list[str]) -> None:
    """A service's error names options and commands of the command line."""
    found = command_table.load(command)
    assert found is not None
    message = in_option_names(str(error), found)
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("say so by delimiter=)", "say so by --delimiter)"),
        ("allowed by on_error=0.05.", "allowed by --on-error=0.05."),
        ("The model is gone, the columns too", "The model is gone, the columns too"),
        ("There is no 'option text_column'", "There is no 'option text_column'"),
        ("ask with partial=true", "ask with partial=true"),
    ],
)
def test_what_is_replaced(message: str, expected: str) -> None:
    """Plain English, a user's own names and options of other commands are left as they are."""
    found = command_table.load("submit")
    assert found is not None
    assert in_option_names(message, found) == expected


def test_a_problem_that_is_passed_on(answers, file: Path) -> None:
    """The service's sentence about an option names the option of the command."""
    detail = str(NoSuchColumn(column="text", found="a", option="text_column"))
    answers.add("POST /jobs", 400, answers.problem("no-such-column", detail))
    for command in ("submit", "score"):
        result = run(command, str(file), "--url", answers.url)
        assert result.exit_code == 2
        assert "with the option --text-column." in result.stderr


def test_the_reason_of_a_job_that_failed(answers, file: Path) -> None:
    """The reason of a failed job names the option of the command."""
    answers.add("POST /jobs", 202, answers.job("queued"))
    error = "More rows have an error than on_error=fail allows: 1."
    answers.add(f"GET /jobs/{answers.JOB_ID}", 200, answers.job("failed", error=error))
    for command in (("submit", "--wait"), ("score",)):
        result = run(*command, str(file), "--url", answers.url)
        assert result.exit_code == 1
        assert "than --on-error=fail allows" in result.stderr
