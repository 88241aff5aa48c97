"""`scorelane score` for models with other outputs than the sentiment score."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import run, serve_job

from scorelane.commands.common.result_form import Form
from scorelane.commands.common.result_summary import summarise, summarise_file

RESULTS = (
    b"ref,label,probability_a,probability_b,error,age\n"
    b"1,a,0.75,0.25,,7\n2,,,,age is not a number: 'x',x\n3,b,0.125,0.875,,9\n"
)

SUMMARY: dict[str, Any] = {
    "state": "succeeded",
    "rows": {"total": 3, "completed": 2, "failed": 1},
    "scores": None,
    "errors": [],
    "outputs": [
        {
            "name": "label",
            "type": "string",
            "meaning": "label",
            "count": 2,
            "labels": [{"value": "a", "rows": 1}, {"value": "b", "rows": 1}],
            "other": 0,
            "note": None,
        }
    ],
}


@pytest.fixture
def served(answers) -> Any:
    return serve(answers, RESULTS)


def serve(answers, results: bytes) -> Any:
    """A service whose job has these results."""
    serve_job(answers, results)
    answers.add(f"GET /jobs/{answers.JOB_ID}/summary", 200, SUMMARY)
    return answers


def test_score_a_table(served, file: Path) -> None:
    """The labels, the first rows with all outputs and the first error are shown."""
    result = run("score", str(file), "--url", served.url)
    assert result.exit_code == 0, result.output
    assert "3 rows: 2 scored, 1 with an error\n\nlabel: 2 rows\n  a  ████" in result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["ref", "label", "probability_a", "probability_b", "text"] in lines
    assert any(line[:4] == ["3", "b", "0.125", "0.875"] for line in lines)
    assert "The first row with an error: ref 2: age is not a number: 'x'" in result.stdout
    assert file.with_name("scored-in.csv").read_bytes() == RESULTS


def test_score_a_table_as_json(served, file: Path) -> None:
    """The report has the service's summary of the outputs, and no histogram of scores."""
    report = json.loads(run("score", str(file), "--json", "--url", served.url).stdout)
    assert report["outputs"] == SUMMARY["outputs"]
    assert not {"mean", "histogram"} & set(report)


@pytest.mark.parametrize(
    "changed",
    [
        RESULTS.replace(b"2,,,,", b"2,a,,,"),
        RESULTS[: RESULTS.index(b"3,b")],
        RESULTS.replace(b",error,", b",mistake,"),
        RESULTS.replace(b"0.875,,9", b"0.875"),
    ],
    ids=["an output and an error", "a row less", "no error column", "a row cut"],
)
def test_rows_of_a_table_are_missing(answers, file: Path, changed: bytes) -> None:
    """What was downloaded is checked, whatever the outputs: the exit code is 1."""
    result = run("score", str(file), "--url", serve(answers, changed).url)
    assert result.exit_code == 1
    assert "missing" in result.stderr or "not whole" in result.stderr


def test_every_form_is_counted(tmp_path: Path) -> None:
    """CSV, NDJSON and Parquet of the same results give the same counts and first rows."""
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    rows = [
        {"ref": "1", "yes": True, "n": 2**53 + 1, "error": None, "error_of": "x"},
        {"ref": "2", "yes": None, "n": None, "error": "why", "error_of": "y"},
        {"ref": "3", "yes": False, "n": -4, "error": None, "error_of": None},
    ]
    found = [["1", "true", "9007199254740993", ""], ["2", "", "", "why"], ["3", "false", "-4", ""]]
    csv = ["ref,yes,n,error,error_of\n", *(",".join(row) + ",z\n" for row in found)]
    ndjson = tmp_path / "out.ndjson.gz"
    ndjson.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "out.parquet")
    for summary in (
        summarise(csv),
        summarise_file(ndjson, Form("ndjson", gzipped=True)),
        summarise_file(tmp_path / "out.parquet", Form("parquet")),
    ):
        assert summary.outputs == ["yes", "n"]
        assert (summary.scored, summary.failed, summary.mean) == (2, 1, None)
        assert summary.first == found
        assert summary.first_error == found[1]
