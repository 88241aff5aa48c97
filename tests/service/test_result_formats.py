"""Results from the real programs: as Parquet, and as pages while the job runs."""

import io
import json
import time
from typing import Any

import pandas as pd
import pyarrow.parquet
import pytest
from support.programs import Programs, check_rows, many_rows
from support.waiting import wait_for

pytestmark = pytest.mark.stack

ROWS = 30_000


def test_a_parquet_job_from_its_upload_to_a_cut_download(service: Programs) -> None:
    """The Parquet file has every row in order, supports ranges, and can be read by pandas."""
    content, sent = many_rows(ROWS)
    location = service.submit(content, model="fast", format="parquet")
    assert service.wait_for_end(location)["state"] == "succeeded"
    url = f"{location}/results"
    whole = service.client.get(url)
    assert whole.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert int(whole.headers["Content-Length"]) == len(whole.content)
    check_rows(pd.read_parquet(io.BytesIO(whole.content)).fillna({"error": ""}), sent)
    cut = len(whole.content) // 3
    headers = {"Range": f"bytes={cut}-", "If-Range": whole.headers["ETag"]}
    rest = service.client.get(url, headers=headers)
    assert (rest.status_code, rest.content) == (206, whole.content[cut:])
    rows = pyarrow.parquet.read_table(io.BytesIO(whole.content)).to_pylist()
    lines = service.client.get(url, params={"format": "ndjson"}).text.split("\n")[:-1]
    assert [json.loads(line) for line in lines] == rows


def test_a_job_is_read_while_it_runs(service: Programs) -> None:
    """Pages of a running job hold each row once and in order."""
    content, sent = many_rows(ROWS)
    location = service.submit(content, model="fast")
    rows: list[dict[str, Any]] = []
    cursor, states = "0", set()
    until = time.monotonic() + 60
    while cursor is not None and time.monotonic() < until:
        query = {"partial": "true", "format": "json", "limit": 10_000, "cursor": cursor}
        page = service.client.get(f"{location}/results", params=query).json()
        rows += page["rows"]
        states.add(page["state"])
        cursor = page["next"]
    assert cursor is None
    assert "succeeded" in states
    check_rows(pd.DataFrame(rows).fillna({"error": ""}), sent)
    summary = service.client.get(f"{location}/summary").json()
    assert sum(one["rows"] for one in summary["scores"]["histogram"]) == ROWS
    scores = [row["Sentiment_Score"] for row in rows]
    assert summary["scores"]["mean"] == pytest.approx(sum(scores) / ROWS)
    assert (summary["scores"]["min"], summary["scores"]["max"]) == (min(scores), max(scores))


def test_the_errors_of_a_job(service: Programs) -> None:
    """Failed rows can be read alone, with their row numbers."""
    lines = [f"{row},{'good' if row % 9000 else ''}\n" for row in range(ROWS)]
    location = service.submit(("ref,text\n" + "".join(lines)).encode(), model="fast")
    wait_for(lambda: service.client.get(location).json()["state"] == "succeeded")
    page = service.client.get(f"{location}/errors").json()
    assert [(one["row"], one["ref"]) for one in page["errors"]] == [
        (row + 1, str(row)) for row in range(0, ROWS, 9000)
    ]
    assert page["next"] is None
    summary = service.client.get(f"{location}/summary").json()
    assert summary["errors"] == [{"kind": "empty", "rows": 4}]
