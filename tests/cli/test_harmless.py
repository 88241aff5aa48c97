"""Texts of others cannot control the terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import run, serve_job

from scorelane.commands.common.harmless import harmless

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r"


def test_control_characters_are_shown() -> None:
    """They become their numbers; line ends, tabs and the signs of other scripts stay."""
    assert harmless(EVIL) == SHOWN
    assert harmless("\ud800") == r"\ud800"
    kept = "a\tb\n👩\u200d👩\u200d👧 é \\x1b"
    assert harmless(kept) == kept


def test_errors_are_harmless_and_in_a_file_exact(answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal and a pipe get escapes, and a note; a file and JSON have the texts themselves."""
    rows = [{"row": 2, "ref": EVIL, "error": f"why {EVIL}"}]
    path = f"GET /jobs/{answers.JOB_ID}/errors?format=json&limit=10000"
    answers.add(path, 200, {"errors": rows, "next": None})
    command = ("errors", answers.JOB_ID, "--url", answers.url)
    result = run(*command)
    assert result.stdout == f"row,ref,error\n2,{SHOWN},why {SHOWN}\n"
    assert "--json has the exact texts" in result.stderr
    assert json.loads(run(*command, "--json").stdout) == rows[0]
    monkeypatch.setattr("scorelane.commands.errors._is_file", lambda _: True)
    result = run(*command)
    assert EVIL.strip("\r") in result.stdout
    assert result.stderr == ""


def test_a_terminal_of_few_characters(answers) -> None:
    """An encoding without bars or other scripts shows numbers; the CSV of errors is UTF-8."""
    histogram = [{"from": 0, "to": 1, "rows": 1}]
    rows, scores = {"completed": 1, "failed": 0}, {"mean": 1.0, "histogram": histogram}
    summary = {"state": "succeeded", "rows": rows, "scores": scores, "errors": []}
    answers.add("GET /jobs/x/summary", 200, summary)
    bad = {"errors": [{"row": 1, "ref": "é", "error": "é"}], "next": None}
    answers.add("GET /jobs/x/errors?format=json&limit=10000", 200, bad)

    def printed(command: str) -> bytes:
        return subprocess.run(
            [Path(sys.executable).with_name("scorelane"), command, "x", "--url", answers.url],
            env={**os.environ, "PYTHONIOENCODING": "latin-1"},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout

    assert rb"\u2588" in printed("summary")
    assert printed("errors") == "row,ref,error\n1,é,é\n".encode()


def test_messages_are_harmless(answers) -> None:
    """A message of a service may quote what others have sent."""
    answers.add("GET /jobs/x", 400, answers.problem("bad", f"There is no {EVIL}."))
    assert SHOWN in run("status", "x", "--url", answers.url).stderr


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_score_shows_refs_errors_and_texts_harmlessly(answers, file: Path, ending: str) -> None:
    """The table, the first error and the texts of the upload are shown harmlessly."""
    evil = EVIL.strip("\r")
    results = f"ref,Sentiment_Score,error\n{evil},0.5,\n2,,{evil}\n3,0.5,\n".encode()
    serve_job(answers, results)
    file.write_text(f"text\n{evil}\n", encoding="utf-8")
    if ending == "ndjson":
        file = file.rename(file.with_suffix(".ndjson"))
        file.write_text(json.dumps({"text": evil}) + "\n", encoding="utf-8")
    result = run("score", str(file), "--url", answers.url)
    assert result.exit_code == 0, result.output
    for character in "\x1b\x07\x9b\u202e":
        assert character not in result.output
    assert result.stdout.count(r"\x1b[2J") == 4


def test_other_pages_are_harmless(answers, file: Path) -> None:
    """So are the columns of a dry run, the state of a job, and the list of models."""
    row = {"row": 1, "ref": EVIL, "text": EVIL, "error": None}
    preview = {"detail": EVIL, "columns": [EVIL], "first_rows": [row], "first_errors": []}
    answers.add("POST /jobs?validate=true", 200, preview)
    answers.add("GET /jobs/x", 200, answers.job(detail=EVIL))
    model = {"name": "m", "version": "1", "format": "pkl", "rows_per_second": 1.0, "processes": 1}
    failed = [{"name": EVIL, "reason": EVIL}]
    answers.add(
        "GET /models",
        200,
        {"models": [{**model, "description": EVIL, "default": False}], "failed": failed},
    )
    for command in (("validate", str(file)), ("status", "x"), ("models",)):
        result = run(*command, "--url", answers.url)
        assert result.exit_code == 0, result.output
        for character in "\x1b\x07\x9b\u202e":
            assert character not in result.output
