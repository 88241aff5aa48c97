"""The commands `results`, `errors`, `summary` and `retry`, against a fake service."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from support.commands import RESULTS, run, serve_job


@pytest.mark.parametrize(
    ("arguments", "kind", "name"),
    [
        ((), "csv", "scored-{}.csv"),
        (("--format", "ndjson"), "ndjson", "scored-{}.ndjson"),
        (("-o", "out.parquet"), "parquet", "out.parquet"),
        (("-o", "out.parquet", "--format", "csv"), "csv", "out.parquet"),
        (("-o", "out.txt"), "csv", "out.txt"),
    ],
)
def test_results_by_format(
    answers, file: Path, arguments: tuple[str, ...], kind: str, name: str
) -> None:
    """The format is that of `--format`, or else that of the file's ending."""
    answers.add(f"GET /jobs/{answers.JOB_ID}/results?format={kind}", 200, RESULTS)
    result = run("results", answers.JOB_ID, *arguments, "--url", answers.url)
    assert result.exit_code == 0, result.output
    assert file.with_name(name.format(answers.JOB_ID)).read_bytes() == RESULTS


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "-"])
def test_results_from_object_storage(answers, file: Path, name: str) -> None:
    """With `--direct` they come from where the service leads; a gzipped file, too."""
    path = f"GET /jobs/{answers.JOB_ID}/results?format=csv&redirect=true"
    sha256 = hashlib.sha256(RESULTS).hexdigest()
    body = {"url": f"{answers.url}/stored", "size": len(RESULTS), "sha256": sha256}
    answers.add(path, 307, body, Location=body["url"])
    answers.add("GET /stored", 200, RESULTS)
    result = run("results", answers.JOB_ID, "--direct", "-o", name, "--url", answers.url)
    assert result.exit_code == 0, result.output
    written = result.stdout_bytes if name == "-" else file.with_name(name).read_bytes()
    assert (gzip.decompress(written) if name.endswith(".gz") else written) == RESULTS
    both = run("results", answers.JOB_ID, "--direct", "--follow", "--url", answers.url)
    assert both.exit_code == 2
    assert "--direct is for all results of a job that has succeeded" in both.stderr


def test_results_of_a_job_that_runs(answers, file: Path) -> None:
    """With `--partial` the rows that are done go to a file `scored-ID.partial.csv`."""
    path = f"GET /jobs/{answers.JOB_ID}/results?format=csv&partial=true"
    link = {"Link": f'<{path[4:]}&cursor=2>; rel="next"', "Retry-After": "1"}
    answers.add(path, 200, RESULTS, **link)
    result = run("results", answers.JOB_ID, "--partial", "--url", answers.url)
    assert (result.exit_code, result.stdout) == (0, f"scored-{answers.JOB_ID}.partial.csv\n")
    assert file.with_name(f"scored-{answers.JOB_ID}.partial.csv").read_bytes() == RESULTS


@pytest.mark.parametrize("out", ["-", None])
@pytest.mark.parametrize(("state", "exit_code"), [("succeeded", 0), ("cancelled", 1)])
def test_results_followed(answers, file: Path, out: str | None, state: str, exit_code: int) -> None:
    """With `--follow` all pieces are written in order; the exit code says how the job ended."""
    serve_job(answers, state=state)
    path = f"GET /jobs/{answers.JOB_ID}/results?format=csv&partial=true"
    link = {"Link": f'<{path[4:]}&cursor=2>; rel="next"', "Retry-After": "0"}
    answers.add(path, 200, RESULTS[:30], **link)
    answers.add(f"{path}&cursor=2", 200, RESULTS[30:])
    where = ("-o", out) if out else ()
    result = run("results", answers.JOB_ID, "--follow", *where, "--url", answers.url)
    assert result.exit_code == exit_code, result.output
    written = (
        result.stdout_bytes if out else file.with_name(f"scored-{answers.JOB_ID}.csv").read_bytes()
    )
    assert written == RESULTS
    assert ("The job was cancelled" in result.stderr) == bool(exit_code)


def test_results_that_cannot_be_followed(answers, file: Path) -> None:
    """If there is no such job, an older file is kept; Parquet cannot be followed."""
    old = file.with_name("old.csv")
    old.write_bytes(RESULTS)
    path = f"GET /jobs/{answers.JOB_ID}/results?format=csv&partial=true"
    answers.add(path, 404, answers.problem("job-not-found", "There is no such job."))
    where = ("--follow", "-o", str(old), "--url", answers.url)
    assert run("results", answers.JOB_ID, *where).exit_code == 2
    assert old.read_bytes() == RESULTS
    refused = run("results", answers.JOB_ID, "--partial", "-o", "x.parquet", "--url", answers.url)
    assert refused.exit_code == 2
    assert "csv or ndjson" in refused.stderr


def test_errors_of_a_job(answers) -> None:
    """Errors are printed as CSV, or as one JSON object per line."""
    rows = [{"row": 2, "ref": "a,b", "error": "the text is empty"}]
    path = f"GET /jobs/{answers.JOB_ID}/errors?format=json&limit=10000&partial=true"
    answers.add(path, 200, {"errors": rows, "state": "running", "next": None})
    command = ("errors", answers.JOB_ID, "--partial", "--url", answers.url)
    assert run(*command).stdout == 'row,ref,error\n2,"a,b",the text is empty\n'
    assert json.loads(run(*command, "--json").stdout) == rows[0]


def test_summary_of_a_job(answers) -> None:
    """A summary has counts, bars and the kinds of errors; as JSON it is what the service sent."""
    histogram = [{"from": at / 10, "to": (at + 1) / 10, "rows": at} for at in range(10)]
    summary = {
        "id": answers.JOB_ID,
        "state": "running",
        "rows": {"total": 60, "completed": 45, "failed": 2},
        "scores": {"mean": 0.6333, "min": 0.1, "max": 1.0, "histogram": histogram},
        "errors": [{"kind": "empty", "rows": 2}],
    }
    answers.add(f"GET /jobs/{answers.JOB_ID}/summary", 200, summary)
    printed = run("summary", answers.JOB_ID, "--url", answers.url).stdout
    assert printed.startswith("running: 45 scored, 2 with an error; mean score 0.633\n")
    assert "  0.9 - 1.0  ████" in printed
    assert printed.endswith("rows with an error, empty: 2\n")
    assert (
        json.loads(run("summary", answers.JOB_ID, "--json", "--url", answers.url).stdout) == summary
    )


def number(name: str, **more: object) -> dict[str, object]:
    """The summary of a numeric output, as the service sends it."""
    quantiles = {"0.01": 1.5, "0.05": 2.0, "0.5": 12345.678, "0.95": 99999.0}
    histogram = [{"from": 0, "to": 50000, "rows": 40}, {"from": 50000, "to": 100000, "rows": 5}]
    found = {"name": name, "type": "double", "meaning": "prediction", "count": 45, "mean": 1234.5}
    found |= {"min": 1.25, "max": 99999.5, "quantiles": quantiles, "histogram": histogram}
    return found | {"relative_error": 0.0078, "absolute_error": None, "note": ""} | more


def printed_summary(answers, *outputs: dict[str, object]) -> str:
    summary = {
        "id": answers.JOB_ID,
        "state": "succeeded",
        "rows": {"total": 47, "completed": 45, "failed": 2},
        "scores": None,
        "outputs": outputs,
        "errors": [],
    }
    answers.add(f"GET /jobs/{answers.JOB_ID}/summary", 200, summary)
    result = run("summary", answers.JOB_ID, "--url", answers.url)
    assert result.exit_code == 0
    return result.stdout


def test_summary_of_numbers(answers) -> None:
    """Numbers have a mean, extremes, quantiles with their error, and bars of the service's bins."""
    printed = printed_summary(answers, number("price"))
    assert printed.startswith(
        "succeeded: 45 scored, 2 with an error\n\nprice: mean 1234.5, from 1.25"
    )
    assert "  5% 2  median 12345.7  95% 99999  (each ± 0.0078 of the value)\n" in printed
    assert "  50000 - 100000  █████ " in printed


def test_summary_of_labels(answers) -> None:
    """The most frequent labels have bars; names that would control the terminal do not."""
    labels = [{"value": "set\x1bosa", "rows": 30}, {"value": "", "rows": 3}]
    labels += [{"value": at, "rows": 1} for at in range(30)]
    label = {"name": "label", "type": "string", "meaning": "label", "count": 64, "labels": labels}
    printed = printed_summary(answers, label | {"other": 1, "note": None}, number("p"))
    assert "label: 64 rows\n  set\\x1bosa  ████" in printed
    assert "  (empty)     ████" in printed
    assert "  (other)     " in printed
    assert printed.count("█ ") <= 24
    assert "\n\np: mean" in printed


def test_summary_of_many_probabilities(answers) -> None:
    """More than three numbers have two lines each, and no histograms."""
    printed = printed_summary(answers, *(number(f"probability_{at}") for at in range(5)))
    assert "█" not in printed
    assert len(printed.split("\n\n")[1].splitlines()) == 10


def test_summary_of_no_rows(answers) -> None:
    """A job of which no part is done says so."""
    none = {"count": 0, "mean": None, "min": None, "max": None, "quantiles": {}, "histogram": []}
    assert "price: no row yet" in printed_summary(answers, number("price", **none))


def test_retry_of_a_job(answers) -> None:
    """The id of the new job is printed; with `--wait` the exit code says how that job ended."""
    new = "b" * 32
    answers.add(
        "POST /jobs/x/retry?on_error=skip&label=run%3A2", 202, answers.job("queued", id=new)
    )
    answers.add(f"GET /jobs/{new}", 200, answers.job("failed", id=new, error="It will not do."))
    result = run(
        "retry", "x", "--on-error", "skip", "--label", "run:2", "--wait", "--url", answers.url
    )
    assert (result.exit_code, result.stdout) == (1, f"{new}\n")
    assert "It will not do." in result.stderr
