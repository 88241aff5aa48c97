"""`scorelane usage` prints what a service has counted, as a table, JSON or CSV."""

import json
from typing import Any

import pytest
from support.commands import run

FIGURES = {"rows": 1_000_000, "errors": 12, "bytes": 81_920_000, "scoring_seconds": 19.25}
REST = {"rows": 5, "errors": 0, "bytes": 40, "scoring_seconds": 0.01}


def usage_of(by: list[str], lines: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    return {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "by": by,
        "usage": lines,
        "total": FIGURES,
        "kept_days": 400,
        "notes": notes,
    }


@pytest.fixture
def by_label(answers: Any) -> Any:
    """A fake service with the usage of two labels."""
    lines = [
        {"label": "team", "value": "=growth", **FIGURES},
        {"label": "run", "value": None, **REST},
    ]
    found = usage_of(["label"], lines, ["Null stands for all others."])
    answers.add("GET /usage?by=label", 200, found)
    return answers


def test_a_table(answers: Any) -> None:
    """The table has a line for each group, and the total."""
    line = {"owner": "alice", "key": "3fa9c1d2e3f4", **FIGURES}
    url = "GET /usage?by=owner%2Ckey&from=2026-11-01&to=2026-11-30&owner=alice"
    answers.add(url, 200, usage_of(["owner", "key"], [line], []))
    days = ("--from", "2026-11-01", "--to", "2026-11-30")
    done = run("usage", "--url", answers.url, "--by", "owner,key", *days, "--owner", "alice")
    assert done.exit_code == 0, done.output
    lines = [text.split() for text in done.stdout.splitlines()]
    assert lines == [
        ["owner", "key", "rows", "errors", "bytes", "scoring", "s"],
        ["alice", "3fa9c1d2e3f4", "1,000,000", "12", "81,920,000", "19.2"],
        ["total", "1,000,000", "12", "81,920,000", "19.2"],
    ]


def test_notes_and_others(by_label: Any) -> None:
    """What the service notes goes to stderr; names without a line of their own are `(other)`."""
    done = run("usage", "--url", by_label.url, "--by", "label")
    assert "(other)" in done.stdout
    assert "Null stands for all others." in done.stderr


def test_json_and_csv(by_label: Any) -> None:
    """JSON is the answer of the service; in a CSV a formula is a text."""
    done = run("usage", "--url", by_label.url, "--by", "label", "--json")
    assert json.loads(done.stdout)["usage"][1]["value"] is None
    done = run("usage", "--url", by_label.url, "--by", "label", "--csv")
    assert done.stdout.splitlines() == [
        "label,value,rows,errors,bytes,scoring_seconds",
        "team,'=growth,1000000,12,81920000,19.25",
        "run,(other),5,0,40,0.01",
    ]
    assert run("usage", "--url", by_label.url, "--json", "--csv").exit_code == 2
