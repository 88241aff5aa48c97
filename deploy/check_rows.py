"""Checks a running service row by row against scoring in process.

`write` makes a CSV and what its rows should score; `job` sends it through a service, and compares;
`ask` asks for one score. Exit status 1 where a row differs.
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

from made_rows import write_csv

#: A score may differ by so much from the one in process.
TOLERANCE = 1e-9

#: Between two looks at a job, in seconds.
POLL_SECONDS = 0.1

#: Differences that are shown.
SHOWN = 5


class Expected(NamedTuple):
    """What a result row should be: a score, or a word that its error holds."""

    ref: str
    score: str
    error: str


def write(folder: Path, model: Path, rows: int, seed: int) -> None:
    """Write `rows.csv`, and `expected.csv` with what this process scores its rows."""
    import pandas as pd  # noqa: PLC0415  slow to import, and only needed here

    from shared.model import SCORE, TEXT, load_model  # noqa: PLC0415  as above

    started = time.monotonic()
    made = write_csv(folder / "rows.csv", rows, seed)
    good = [row.text for row in made if row.error is None]
    frame = pd.DataFrame({TEXT: pd.Series(good, dtype=object)})
    scores = iter(load_model(model).score(frame)[SCORE].tolist())
    with (folder / "expected.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            Expected(row.ref, "" if row.error else repr(next(scores)), row.error or "")
            for row in made
        )
    size = (folder / "rows.csv").stat().st_size
    print(
        f"{rows:,} rows, {size / 1e6:.1f} MB, {rows - len(good):,} of them bad; "
        f"made and scored in process in {time.monotonic() - started:.1f} s"
    )


def run_job(
    url: str, folder: Path, *, model: str, at: float, then: str, deadline: float
) -> list[str]:
    """Send `rows.csv`, follow the job, download the results, and compare them.

    Args:
        url: of the service.
        folder: where `write` wrote.
        model: the model's name.
        at: the progress, 0..1, at which `then` is run.
        then: a command, without a shell; empty: none.
        deadline: seconds after which this gives up.

    Returns:
        What is wrong; nothing, if all is well.
    """
    started = time.monotonic()
    with (folder / "rows.csv").open("rb") as file:
        # A file without a length is sent in chunks, as a client does that makes it meanwhile.
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
    """Compare result rows, with their header, with what they should be; says what differs."""
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
    """Ask a model for the score of one text, which is positive."""
    body = io.BytesIO(json.dumps({"ref": [1], "text": ["I am well"]}).encode())
    started = time.monotonic()
    answer = _json(
        url, "POST", f"/sentiment?model={model}", body, {"Content-Type": "application/json"}
    )
    print(f"{answer} in {1000 * (time.monotonic() - started):.0f} ms")
    score = answer[0]["Sentiment_Score"]
    return [] if answer[0]["ref"] == 1 and 0.5 < score <= 1 else ["this is no positive score"]


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
    """Read the command line."""
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
    for line in wrong[:SHOWN]:
        print(line)
    if wrong:
        sys.exit(f"{len(wrong)} wrong")


if __name__ == "__main__":
    main()
