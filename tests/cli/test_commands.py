"""The command line: help, exit codes and messages, against a fake service."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import RESULTS, run, serve_job
from support.waiting import wait_for

from scorelane.commands.main import cli


def test_help_is_light() -> None:
    """`--help` lists every command, and imports no library for models or for the network."""
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from scorelane.commands.main import cli\n"
        "print(CliRunner().invoke(cli, ['--help']).output)\n"
        "heavy = {'pandas', 'sklearn', 'tensorflow', 'numpy', 'httpx', 'rich', 'celery', 'redis'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    page = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert {line.split()[0] for line in page.split("Commands:")[1].splitlines() if line} == {
        "score",
        "serve",
        "submit",
        "validate",
        "status",
        "results",
        "errors",
        "summary",
        "receipt",
        "verify",
        "cancel",
        "retry",
        "delete",
        "jobs",
        "usage",
        "key",
        "models",
        "promote",
        "rollback",
        "remove",
        "traffic",
        "drift",
        "top",
        "doctor",
        "train",
        "evaluate",
        "add-model",
        "compile",
    }


@pytest.mark.parametrize("command", cli.list_commands(None))
def test_help_of_a_command(command: str) -> None:
    """Every command has a help, and the lines of its examples are not wrapped."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "\\b" not in result.output
    assert "--help" in result.output


def test_version() -> None:
    """`--version` prints the version."""
    assert run("--version").output.startswith("scorelane, version ")


def test_score(answers, file: Path) -> None:
    """`score` prints counts, histogram, first rows and the file of the scores, and exits with 0."""
    serve_job(answers)
    result = run("score", str(file), "--url", answers.url)
    assert result.exit_code == 0, result.output
    assert "3 rows: 2 scored, 1 with an error; mean score 0.500" in result.stdout
    assert "0.9 - 1.0  ████" in result.stdout
    assert "[bold]fine[/]" in result.stdout
    assert "ref 2: the text is empty" in result.stdout
    assert "All scores: scored-in.csv" in result.stdout
    assert file.with_name("scored-in.csv").read_bytes() == RESULTS


def test_score_url_from_environment(answers, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SCORELANE_URL is used if --url is not given."""
    serve_job(answers)
    monkeypatch.setenv("SCORELANE_URL", answers.url)
    assert run("score", str(file)).exit_code == 0


def test_score_to_stdout(answers, file: Path) -> None:
    """With `-o -` only the CSV goes to stdout."""
    serve_job(answers)
    result = run("score", str(file), "-o", "-", "--url", answers.url)
    assert result.exit_code == 0
    assert result.stdout_bytes == RESULTS
    assert "3 rows" in result.stderr


def test_score_with_carried_columns(answers, file: Path) -> None:
    """Copied columns come after the error column."""
    serve_job(answers, b"ref,Sentiment_Score,error,a\n1,0.5,,x\n2,,why,\n3,0.5,,z\n")
    answers.add("POST /jobs?columns=all", 202, answers.job("queued"))
    assert run("score", str(file), "--columns", "all", "--url", answers.url).exit_code == 0


def test_score_json(answers, file: Path) -> None:
    """With `--json` one JSON object with the counts goes to stdout."""
    serve_job(answers)
    report = json.loads(run("score", str(file), "--json", "--url", answers.url).stdout)
    assert report["rows"] == {"total": 3, "completed": 2, "failed": 1}
    assert sum(report["histogram"]) == 2


@pytest.mark.parametrize(
    "results",
    [
        RESULTS[: RESULTS.index(b"3,")],
        RESULTS + b"4,0.5,\n",
        RESULTS.replace(b",the text is empty", b"0.1,"),
        RESULTS[:-4],
        b"<html>",
        b"",
    ],
    ids=["a row less", "a row more", "other counts", "a row cut", "no results", "nothing"],
)
@pytest.mark.parametrize("out", ["-", "out.csv"])
def test_score_rows_missing(answers, file: Path, results: bytes, out: str) -> None:
    """If a row is missing, or there is one too many, the exit code is 1 and the message says so."""
    serve_job(answers, results)
    result = run("score", str(file), "-o", out, "--url", answers.url)
    assert result.exit_code == 1
    assert "missing" in result.stderr or "not whole" in result.stderr


@pytest.mark.parametrize("command", ["submit", "score"])
def test_options_of_a_job(answers, file: Path, command: str) -> None:
    """The options of a job are sent under the API's names; each label is sent."""
    query = "text_column=t&delimiter=%3B&on_error=0.05&retention_seconds=60&label=a%3A1&label=b%3A2"
    serve_job(answers)
    answers.add(f"POST /jobs?{query}", 202, answers.job("queued"))
    result = run(
        command,
        str(file),
        "--text-column",
        "t",
        "--delimiter",
        ";",
        "--on-error",
        "0.05",
        "--label",
        "a:1",
        "--label",
        "b:2",
        "--retention",
        "60",
        "--url",
        answers.url,
    )
    assert result.exit_code == 0, result.output
    assert answers.count(f"POST /jobs?{query}") == 1


@pytest.mark.parametrize(("state", "exit_code"), [("succeeded", 0), ("failed", 1)])
def test_submit_and_wait(answers, file: Path, state: str, exit_code: int) -> None:
    """With `--wait` the id is printed, and the exit code says whether the job succeeded."""
    serve_job(answers, state=state, error="Row 7 opens a quote." if exit_code else None)
    result = run("submit", str(file), "--wait", "--url", answers.url)
    assert (result.exit_code, result.stdout) == (exit_code, f"{answers.JOB_ID}\n")
    assert ("Row 7 opens a quote." in result.stderr) == bool(exit_code)


def test_filtered_jobs(answers) -> None:
    """The filters are sent under the API's names."""
    query = (
        "state=queued%2Crunning&label=a%3A1&model=fast&owner=bob"
        "&created_after=2026-01-01T12%3A00%3A00Z&limit=5"
    )
    answers.add(f"GET /jobs?{query}", 200, {"jobs": [answers.job("running")], "next": None})
    result = run(
        "jobs",
        "--state",
        "queued,running",
        "--label",
        "a:1",
        "--model",
        "fast",
        "--owner",
        "bob",
        "--after",
        "2026-01-01T12:00:00Z",
        "--limit",
        "5",
        "--url",
        answers.url,
    )
    assert result.exit_code == 0, result.output
    assert answers.JOB_ID in result.stdout


@pytest.mark.parametrize(
    ("state", "ended"), [("failed", "has failed"), ("cancelled", "was cancelled")]
)
def test_score_job_fails(answers, file: Path, state: str, ended: str) -> None:
    """If the job fails or is cancelled, `score` exits with 1 and prints the job's reason."""
    serve_job(answers, state=state, error="Row 7 opens a quote.")
    result = run("score", str(file), "--url", answers.url)
    assert result.exit_code == 1
    assert f"The job {ended}. Row 7 opens a quote." in result.stderr
    assert not file.with_name("scored-in.csv").exists()


def test_score_ctrl_c(answers, file: Path) -> None:
    """Ctrl-C cancels the job at a remote service, says so, and exits with 130."""
    serve_job(answers, state="running")
    cancel = f"POST /jobs/{answers.JOB_ID}/cancel"
    answers.add(cancel, 200, answers.job("cancelled"))
    command = [Path(sys.executable).with_name("scorelane"), "score", file, "--url", answers.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as scoring:
        wait_for(lambda: answers.count(f"GET /jobs/{answers.JOB_ID}"))
        scoring.send_signal(signal.SIGINT)
        _, errors = scoring.communicate()
    assert scoring.returncode == 130
    assert answers.count(cancel) == 1
    assert f"Job {answers.JOB_ID} was cancelled." in errors
    assert "Traceback" not in errors


def test_refused_input(answers, file: Path) -> None:
    """If the service refuses the input, the exit code is 2 and the service's message is printed."""
    answers.add("POST /jobs", 400, answers.problem("no-such-column", "There is no column 'text'."))
    result = run("score", str(file), "--url", answers.url)
    assert result.exit_code == 2
    assert "Error: There is no column 'text'." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "absent.csv"), "does not exist"),
        (("score", "in.csv", "-o", "in.csv"), "is the input"),
        (("score", "in.csv", "-o", "absent/out.csv"), "no folder"),
        (("score", "in.csv", "-o", "absent/"), "names a folder that does not exist"),
        (("results", "1", "-o", "absent/"), "names a folder that does not exist"),
        (("retry", "a/b"), "'a/b' is not a job id"),
        (("drift", "fast", "--reference", "absent.csv"), "neither a file nor the id of a job"),
        (("serve", "--port", "70000"), "70000"),
        (("status",), "Missing argument"),
        (("frobnicate",), "No such command"),
        (("submit", "in.csv", "--label", "growth"), "'growth' is no label. Write KEY:VALUE"),
    ],
)
def test_usage(file: Path, arguments: tuple[str, ...], message: str) -> None:
    """A mistake in the command exits with 2, before any work is done."""
    assert file.exists()
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("score", "in.csv"),
        ("submit", "in.csv"),
        ("status", "x"),
        ("results", "x"),
        ("errors", "x"),
        ("summary", "x"),
        ("validate", "in.csv"),
        ("retry", "x"),
        ("cancel", "x"),
        ("delete", "x"),
        ("jobs",),
        ("models",),
        ("promote", "a@b"),
        ("rollback", "a"),
        ("remove", "a@b"),
    ],
)
def test_no_service(file: Path, command: tuple[str, ...]) -> None:
    """If no service answers, the exit code is 3 and the message says how to start one."""
    assert file.exists()
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    result = run(*command, "--url", url)
    assert result.exit_code == 3
    assert f"Nothing answers at {url}" in result.stderr
    assert "scorelane serve" in result.stderr
