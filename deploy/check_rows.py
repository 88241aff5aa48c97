"""Checks the scores of a running service row by row against scores computed in this process.

`write` generates a CSV and the expected scores of its rows; `job` sends it to a service and
compares the results; `ask` requests the score of one text. The exit status is 1 if a row differs.
"""

import argparse
import csv
import io
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPResponse
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from generated_rows import write_csv

#: The maximum difference of a score from the expected one.
TOLERANCE = 1e-9

#: Seconds between two polls of a job.
POLL_SECONDS = 0.1

#: The maximum number of differences that are printed.
MAX_PRINTED = 5


class Expected(NamedTuple):
    """An expected result row: a score, or a word that the error must hold; the other is empty."""

    ref: str
    score: str
    error: str


def write(folder: Path, model: Path, rows: int, seed: int) -> None:
    """Write `rows.csv`, and `expected.csv` with the scores that this process computes."""
    import pandas as pd  # noqa: PLC0415  slow to import, and only needed here

    from shared.model import SCORE, TEXT, load_model  # noqa: PLC0415  as above

    started = time.monotonic()
    generated = write_csv(folder / "rows.csv", rows, seed)
    good = [row.text for row in generated if row.error is None]
    frame = pd.DataFrame({TEXT: pd.Series(good, dtype=object)})
    scores = iter(load_model(model).score(frame)[SCORE].tolist())
    with (folder / "expected.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            Expected(row.ref, "" if row.error else repr(next(scores)), row.error or "")
            for row in generated
        )
    size = (folder / "rows.csv").stat().st_size
    print(
        f"{rows:,} rows, {size / 1e6:.1f} MB, {rows - len(good):,} of them bad; "
        f"generated and scored in this process in {time.monotonic() - started:.1f} s"
    )


def run_job(
    url: str, folder: Path, *, model: str, at: float, then: str, deadline: float
) -> list[str]:
    """Send `rows.csv`, wait for the end of the job, download the results, and compare them.

    Args:
        url: the URL of the service.
        folder: the folder of the files of `write`.
        model: the name of the model.
        at: the progress, 0..1, at which `then` runs.
        then: a command, run without a shell; empty for none.
        deadline: the maximum seconds until the end of the job.

    Returns:
        The differences; empty if everything is right.
    """
    started = time.monotonic()
    with (folder / "rows.csv").open("rb") as file:
        # A file object without a length is sent in chunks, as by a client that generates it.
        job = _json(url, "POST", f"/jobs?model={model}", file, {"Content-Type": "text/csv"})
    print(f"job {job['id']}\nuploaded in {time.monotonic() - started:.1f} s")
    job = _follow(url, job, at, shlex.split(then), started + deadline)
    seconds = time.monotonic() - started
    print(f"{job['state']} {seconds:.1f} s after the start of the upload: {job['detail']}")
    if job["state"] != "succeeded":
        return [f"the job is {job['state']}: {job['error']}"]
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = [Expected(*row) for row in csv.reader(file)]
    bad = sum(bool(row.error) for row in expected)
    wanted = {"total": len(expected), "completed": len(expected) - bad, "failed": bad}
    wrong = [] if job["rows"] == wanted else [f"the job counts {job['rows']}, not {wanted}"]
    response = _request(url, "GET", f"/jobs/{job['id']}/results")
    lines = io.TextIOWrapper(response, encoding="utf-8", newline="")
    wrong += differences(expected, csv.reader(lines))
    print(f"{len(expected):,} rows compared, {len(wrong)} differences")
    return wrong


def _follow(url: str, job: dict[str, Any], at: float, then: list[str], end: float) -> Any:
    pause, seen, changed = 0.0, -1.0, time.monotonic()
    while job["state"] in {"queued", "running"}:
        now = time.monotonic()
        if now > end:
            sys.exit(f"the job did not end in time: {job['detail']}")
        if job["progress"] != seen:
            pause, seen, changed = max(pause, now - changed), job["progress"], now
        if then and job["progress"] >= at:
            print(f"at {job['progress']:.0%}: {shlex.join(then)}", flush=True)
            subprocess.run(then, check=True)  # noqa: S603  the caller's own command
            then = []
        time.sleep(POLL_SECONDS)
        job = _json(url, "GET", f"/jobs/{job['id']}")
    if then:
        sys.exit(f"the job ended before {shlex.join(then)} was run")
    print(f"longest time without progress: {max(pause, time.monotonic() - changed):.1f} s")
    return job


def differences(expected: Iterable[Expected], result: Iterator[list[str]]) -> list[str]:
    """Compare the header and the rows of a result with the expected ones; returns messages."""
    found = []
    if (header := next(result, [])) != ["ref", "Sentiment_Score", "error"]:
        found.append(f"the header is {header}")
    for number, (want, have) in enumerate(zip_longest(expected, result), 1):
        if want is None or have is None or not _same(want, have):
            found.append(f"row {number}: {have} instead of {want}")
    return found


def _same(want: Expected, have: list[str]) -> bool:
    if len(have) != 3 or have[0] != want.ref:
        return False
    _, score, error = have
    if want.error:
        return not score and want.error in error
    return not error and bool(score) and abs(float(score) - float(want.score)) <= TOLERANCE


def ask(url: str, model: str) -> list[str]:
    """Request the score of one positive text, and check it; returns messages."""
    body = io.BytesIO(json.dumps({"ref": [1], "text": ["I am well"]}).encode())
    started = time.monotonic()
    answer = _json(
        url, "POST", f"/sentiment?model={model}", body, {"Content-Type": "application/json"}
    )
    print(f"{answer} in {1000 * (time.monotonic() - started):.0f} ms")
    score = answer[0]["Sentiment_Score"]
    return [] if answer[0]["ref"] == 1 and 0.5 < score <= 1 else ["the score is not positive"]


def _request(
    url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> HTTPResponse:
    at = urlsplit(url)
    connection = HTTPConnection(at.hostname or "", at.port, timeout=60)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    if response.status >= 400:
        sys.exit(f"{method} {path}: {response.status} {response.read().decode()}")
    return response


def _json(*request: Any) -> Any:
    with _request(*request) as response:
        return json.load(response)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    writing.add_argument("folder", type=Path)
    writing.add_argument("model", type=Path, help="a model folder")
    writing.add_argument("--rows", type=int, default=200_000)
    writing.add_argument("--seed", type=int, default=1)
    job = commands.add_parser("job")
    job.add_argument("url")
    job.add_argument("folder", type=Path)
    job.add_argument("--model", default="fast")
    job.add_argument("--at", type=float, default=0.5, help="the progress at which to run --then")
    job.add_argument("--then", default="", help="a command")
    job.add_argument("--deadline", type=float, default=240.0, help="seconds")
    asking = commands.add_parser("ask")
    asking.add_argument("url")
    asking.add_argument("model")
    options = vars(parser.parse_args())
    match options.pop("command"):
        case "write":
            write(**options)
            wrong = []
        case "job":
            wrong = run_job(**options)
        case _:
            wrong = ask(**options)
    for line in wrong[:MAX_PRINTED]:
        print(line)
    if wrong:
        sys.exit(f"{len(wrong)} wrong")


if __name__ == "__main__":
    main()
