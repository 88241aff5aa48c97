"""Where `score` and `results` write, and in which form."""

import contextlib
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from support.commands import RESULTS, run, serve_job

ROWS = [
    {"ref": "1", "Sentiment_Score": 0.95, "error": None},
    {"ref": "2", "Sentiment_Score": None, "error": "the text is empty"},
    {"ref": "3", "Sentiment_Score": 0.05, "error": None},
]
NDJSON = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
TSV = b"ref\tSentiment_Score\terror\n1\t0.95\t\n2\t\tthe text is empty\n3\t0.05\t\n"
SCORELANE = str(Path(sys.executable).with_name("scorelane"))


def parquet_bytes() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


PARQUET = parquet_bytes()


@pytest.fixture
def service(answers, file: Path):
    """A service with a job that has succeeded, and its results in every format."""
    assert file.exists()
    serve_job(answers)
    for name, content in {"ndjson": NDJSON, "parquet": PARQUET}.items():
        answers.add(f"GET /jobs/{answers.JOB_ID}/results?format={name}", 200, content)
    return answers


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("y.csv", RESULTS),
        ("y", RESULTS),
        ("y.txt", RESULTS),
        ("with a space.CSV", RESULTS),
        ("y.tsv", TSV),
        ("y.ndjson", NDJSON),
        ("y.jsonl", NDJSON),
        ("Y.NDJSON", NDJSON),
        ("y.parquet", PARQUET),
        (".parquet", PARQUET),
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
def test_the_ending_says_the_form(service, name: str, content: bytes, *, zipped: bool) -> None:
    """Both commands write what the ending says; `score` counts the rows of every form."""
    out = Path(name + (".gz" if zipped else ""))
    command = ("results", service.JOB_ID, "-o", str(out), "--url", service.url)
    if zipped and content is PARQUET:
        assert run(*command).exit_code == 2
        return
    for arguments in (command, ("score", "in.csv", "-o", str(out), "--url", service.url)):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        written = out.read_bytes()
        assert (gzip.decompress(written) if zipped else written) == content
        out.unlink()
    assert "3 rows: 2 scored, 1 with an error; mean score 0.500" in result.stdout
    assert "ref 2: the text is empty" in result.stdout


@pytest.mark.parametrize(
    "name", ["y.json", "y.xlsx", "Y.XLSX", "y.parquet.gz", "y.json.gz", "y.csv.bz2", "y.csv.zip"]
)
def test_a_form_that_cannot_be_written_is_refused(service, name: str) -> None:
    """An ending that promises another form is refused before anything is sent."""
    for command in (("score", "in.csv"), ("results", service.JOB_ID)):
        result = run(*command, "-o", name, "--url", service.url)
        assert result.exit_code == 2
        assert f"{name}: this form cannot be written" in result.stderr
        assert ".csv, .tsv, .ndjson" in result.stderr
    assert service.requests == []
    assert not Path(name).exists()


def test_cells_with_tabs_and_lines_are_quoted(answers, file: Path) -> None:
    """Every cell of a TSV reads back as it was in the CSV."""
    assert file.exists()
    rows = [["ref", "Sentiment_Score", "error"], ["a\tb", "0.5", ""], ['c "d"\ne\r', "1.0", ""]]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    path = f"GET /jobs/{answers.JOB_ID}/results?format=csv"
    answers.add(path, 200, written.getvalue().encode())
    assert run("results", answers.JOB_ID, "-o", "y.tsv", "--url", answers.url).exit_code == 0
    with Path("y.tsv").open(newline="") as lines:
        assert list(csv.reader(lines, delimiter="\t", strict=True)) == rows


@pytest.mark.parametrize("name", ["y.csv.gz", "y.tsv"])
def test_rows_so_far_have_the_form_too(answers, file: Path, name: str) -> None:
    """`--partial` and `--follow` write the form of the ending."""
    assert file.exists()
    serve_job(answers)
    path = f"GET /jobs/{answers.JOB_ID}/results?format=csv&partial=true"
    answers.add(path, 200, RESULTS)
    for option in ("--partial", "--follow"):
        result = run("results", answers.JOB_ID, option, "-o", name, "--url", answers.url)
        assert result.exit_code == 0, result.output
        written = Path(name).read_bytes()
        assert (TSV if name.endswith("tsv") else gzip.decompress(written)) in (TSV, RESULTS)
        Path(name).unlink()


def test_a_device_is_written_and_not_read(service) -> None:
    """`-o /dev/null` gives the summary."""
    result = run("score", "in.csv", "-o", "/dev/null", "--url", service.url)
    assert result.exit_code == 0, result.output
    assert "3 rows: 2 scored" in result.stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [("p", RESULTS), ("p.ndjson", NDJSON), ("p.tsv", TSV), ("p.csv.gz", RESULTS)],
)
def test_a_named_pipe_is_written_and_not_read(service, name: str, content: bytes) -> None:
    """What reads the pipe gets the scores, and the command ends."""
    os.mkfifo(name)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(Path(name).read_bytes()))
    reader.start()
    result = run("score", "in.csv", "-o", name, "--url", service.url)
    reader.join()
    assert result.exit_code == 0, result.output
    assert (gzip.decompress(received[0]) if name.endswith("gz") else received[0]) == content
    assert "3 rows: 2 scored" in result.stdout


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("to_file", [False, True], ids=["pipe", "file"])
def test_stdout_by_another_name(service, name: str, *, to_file: bool) -> None:
    """Only the scores go there, whether stdout is a pipe or a file; the rest goes to stderr."""
    if not Path(name).exists():
        pytest.skip("this system has no such name")
    with contextlib.ExitStack() as closing:
        stdout = closing.enter_context(Path("all").open("wb")) if to_file else subprocess.PIPE
        done = subprocess.run(
            [SCORELANE, "score", "in.csv", "-o", name, "--url", service.url],
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=True,
        )
    assert (Path("all").read_bytes() if to_file else done.stdout) == RESULTS
    assert b"3 rows: 2 scored" in done.stderr


def test_a_descriptor_of_a_shell(service) -> None:
    """`-o >(gzip > y.gz)` of a shell is a pipe that has a number."""
    end, begin = os.pipe()
    with os.fdopen(end, "rb") as received, os.fdopen(begin, "wb"):
        result = run("score", "in.csv", "-o", f"/dev/fd/{begin}", "--url", service.url)
        assert result.exit_code == 0, result.output
        assert os.read(received.fileno(), 1000) == RESULTS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
@pytest.mark.parametrize("command", ["score", "results"])
def test_a_full_disk_is_named(service, command: str) -> None:
    """If there is no room, the message names the target, and the exit code is 2."""
    what = "in.csv" if command == "score" else service.JOB_ID
    result = run(command, what, "-o", "/dev/full", "--url", service.url)
    assert result.exit_code == 2
    assert "/dev/full: No space left on device" in result.stderr


def test_results_check_their_folder_first(service) -> None:
    """A folder that does not exist, or a folder as the file, is refused before a request."""
    for out in ("absent/y.csv", ".", "in.csv/y.csv", "a" * 250 + ".csv"):
        result = run("results", service.JOB_ID, "-o", out, "--url", service.url)
        assert result.exit_code == 2
        assert run("score", "in.csv", "-o", out, "--url", service.url).exit_code == 2
    assert service.requests == []


@pytest.mark.parametrize("command", ["score", "results"])
def test_a_reader_that_has_enough(service, command: str) -> None:
    """`| head` ends the command without a traceback."""
    what = "in.csv" if command == "score" else service.JOB_ID
    end, begin = os.pipe()
    os.close(end)
    with os.fdopen(begin, "wb") as stdout:
        done = subprocess.run(
            [SCORELANE, command, what, "-o", "-", "--url", service.url],
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_parquet_without_its_library(service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow the counts are those of the service, and the file is written."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    histogram = [{"from": at / 10, "to": (at + 1) / 10, "rows": 0} for at in range(10)]
    histogram[0]["rows"] = histogram[9]["rows"] = 1
    summary = {
        "rows": {"total": 3, "completed": 2, "failed": 1},
        "scores": {"mean": 0.5, "histogram": histogram},
    }
    path = f"GET /jobs/{service.JOB_ID}"
    service.add(f"{path}/summary", 200, summary)
    bad = {"errors": [{"row": 2, **ROWS[1]}], "next": None}
    service.add(f"{path}/errors?format=json&limit=10000", 200, bad)
    result = run("score", "in.csv", "-o", "y.parquet", "--url", service.url)
    assert result.exit_code == 0, result.output
    assert "3 rows: 2 scored, 1 with an error; mean score 0.500" in result.stdout
    assert "ref 2: the text is empty" in result.stdout
    assert Path("y.parquet").read_bytes() == PARQUET


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("y.ndjson", NDJSON[:-20]),
        ("y.ndjson", NDJSON[: NDJSON.index(b"\n") + 1]),
        ("y.parquet", PARQUET[:-9]),
        ("y.csv.gz", RESULTS[: RESULTS.index(b"3,")]),
    ],
    ids=["ndjson cut", "ndjson of one row", "parquet cut", "a row less"],
)
def test_rows_that_are_missing_in_any_form(answers, file: Path, name: str, content: bytes) -> None:
    """If not every row came back, the exit code is 1 and the message says so."""
    assert file.exists()
    serve_job(answers, content)
    kind = {".ndjson": "ndjson", ".parquet": "parquet"}.get(Path(name).suffix, "csv")
    answers.add(f"GET /jobs/{answers.JOB_ID}/results?format={kind}", 200, content)
    result = run("score", "in.csv", "-o", name, "--url", answers.url)
    assert result.exit_code == 1
    assert "missing" in result.stderr or "not whole" in result.stderr
