"""`submit` and `validate` of files at addresses, against a fake service."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import run, serve_job


def body_of(answers, path: str) -> dict[str, Any]:
    """The body of the only request to a path."""
    [body] = [body for line, body in answers.requests if line == path]
    found: dict[str, Any] = json.loads(body)
    return found


def test_an_address_is_submitted(answers) -> None:
    """The service gets the address, the output and the options; nothing is uploaded."""
    serve_job(answers)
    command = ("submit", "s3://data/a.csv", "--output", "s3://data/out/", "--model", "fast")
    more = ("--label", "team:growth", "--on-error", "0.05", "--columns", "all", "--wait")
    result = run(*command, *more, "--url", answers.url)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{answers.JOB_ID}\n"
    assert body_of(answers, "POST /jobs") == {
        "input": "s3://data/a.csv",
        "output": "s3://data/out/",
        "model": "fast",
        "label": ["team:growth"],
        "on_error": "0.05",
        "columns": "all",
    }


def test_several_addresses_are_one_job(answers) -> None:
    """They are a list; of one address the service gets a text."""
    serve_job(answers)
    result = run("submit", "s3://data/a.csv", "gs://data/b/", "--url", answers.url)
    assert result.exit_code == 0, result.output
    assert body_of(answers, "POST /jobs") == {"input": ["s3://data/a.csv", "gs://data/b/"]}


def test_the_state_names_the_addresses(answers) -> None:
    """It shows where the rows are, and where the results go."""
    places = {"input": {"addresses": ["s3://data/a.csv", "s3://data/b/"], "files": 3, "bytes": 9}}
    places |= {"output": {"address": "s3://data/out/", "manifest": "s3://data/out/manifest.json"}}
    answers.add(f"GET /jobs/{answers.JOB_ID}", 200, answers.job(**places))
    result = run("status", answers.JOB_ID, "--url", answers.url)
    assert result.exit_code == 0, result.output
    assert "s3://data/a.csv, s3://data/b/" in result.stdout
    assert "s3://data/out/" in result.stdout


def test_an_address_is_validated(answers) -> None:
    """It is a dry run; what only a query may say is in the query."""
    preview = {"detail": "It can be a job.", "columns": ["text"]}
    preview |= {"first_rows": [], "first_errors": []}
    answers.add("POST /jobs?validate=true", 200, preview)
    result = run("validate", "s3://data/a.csv", "--model", "fast", "--url", answers.url)
    assert result.exit_code == 0, result.output
    assert "It can be a job." in result.stdout
    path = "POST /jobs?validate=true"
    assert body_of(answers, path) == {"input": "s3://data/a.csv", "model": "fast"}


def test_a_refusal_is_told(answers) -> None:
    """The message of the service is printed, and the exit code is not 0."""
    answers.add("POST /jobs", 409, answers.problem("output-taken", "The folder has results."))
    result = run("submit", "s3://a/b.csv", "--output", "s3://a/c/", "--url", answers.url)
    assert result.exit_code != 0
    assert "The folder has results." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{file}", "s3://data/a.csv"), "or all are addresses"),
        (("{file}", "{file}"), "Only one file of this machine"),
        (("{file}", "--output", "s3://data/out/"), "--output is for FILEs that are addresses"),
        (("s3://data/a.csv", "--input-format", "csv"), "--input-format is for a file of this"),
        (("no-such-file.csv",), "does not exist"),
        ((), "Missing argument"),
    ],
)
@pytest.mark.parametrize("command", ["submit", "validate"])
def test_arguments_that_do_not_fit(
    answers, file: Path, command: str, arguments: tuple[str, ...], message: str
) -> None:
    """They are refused before anything is sent."""
    given = [one.format(file=file) for one in arguments]
    result = run(command, *given, "--url", answers.url)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not answers.requests


def test_score_refers_an_address_to_submit() -> None:
    """It scores files of this machine."""
    result = run("score", "s3://data/a.csv")
    assert result.exit_code == 2
    assert "`scorelane submit`" in " ".join(result.stderr.split())
