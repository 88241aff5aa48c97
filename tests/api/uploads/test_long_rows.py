"""A row of a CSV over the limit is an error in its row, through every door for such files."""

import gzip
import io
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import refused

from shared.config.settings import Settings

LIMIT = 4000
ERROR = f"the row has more than {LIMIT:,} bytes"
LONG = "x; " * LIMIT


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a lower limit, so that many such rows fit into an upload."""
    return settings.model_copy(update={"max_record_bytes": LIMIT})


def table(long: str, delimiter: str = ",") -> bytes:
    """A CSV in which the second row has the long text, and the last one too."""
    rows = [("ref", "text"), ("a", "one"), ("b", long), ("c", "four"), ("d", "five"), ("e", long)]
    return "".join(f"{ref}{delimiter}{text}\n" for ref, text in rows).encode()


@pytest.mark.parametrize("long", [LONG, f'"{LONG}"', f'"{LONG}\n{LONG}"'])
@pytest.mark.parametrize("kind", ["csv", "gzip", "latin-1", "form", "tsv", "none"])
def test_it_costs_no_other_row(service: Service, kind: str, long: str) -> None:
    """Every other row has its score, in its order and under its ref."""
    content = table(long, "\t" if kind == "tsv" else ",")
    options: dict[str, Any] = {"data": content, "content_type": "text/csv"}
    if kind == "gzip":
        options |= {"data": gzip.compress(content, 1), "headers": {"Content-Encoding": "gzip"}}
    elif kind == "latin-1":
        options["content_type"] = "text/csv; charset=latin-1"
    elif kind == "form":
        options = {"data": {"file": (io.BytesIO(content), "rows.csv")}}
    elif kind == "tsv":
        options["content_type"] = "text/tab-separated-values"
    elif kind == "none":
        # Without quoting, a line end always ends the row.
        options |= {"data": table(long.replace("\n", "")), "query_string": {"quoting": "none"}}
    rows = service.rows_of(service.client.post("/jobs", **options))
    assert [row["ref"] for row in rows] == ["a", "2", "c", "d", "5"]
    assert [row["Sentiment_Score"] for row in rows] == [0.03, None, 0.04, 0.04, None]
    errors = [row["error"] for row in rows]
    assert errors[0] is errors[2] is errors[3] is None
    assert {errors[1][: len(ERROR)], errors[4][: len(ERROR)]} == {ERROR}


@pytest.mark.parametrize("result_format", ["csv", "ndjson", "parquet"])
def test_carried_columns_of_such_a_row_are_empty(service: Service, result_format: str) -> None:
    """The results have the columns of all other rows."""
    content = f"id,note,text\n1,first,one\n2,second,{LONG}\n3,third,three\n".encode()
    answer = service.submit(content, columns="id,note", format=result_format)
    rows = service.rows_of(answer)
    assert [(row["id"], row["note"]) for row in rows] == [("1", "first"), ("", ""), ("3", "third")]
    summary = service.client.get(f"{answer.location}/summary").json
    assert summary["errors"] == [{"kind": "too_long", "rows": 1}]


def test_it_counts_as_a_bad_row(service: Service) -> None:
    """A job that tolerates no error fails with it, and names its row."""
    answer = service.submit(table(LONG), on_error="fail")
    service.work()
    job = service.client.get(answer.location).json
    assert job["state"] == "failed"
    assert "row 2" in job["error"]


def test_a_quote_that_takes_in_other_rows_fails_the_job(service: Service) -> None:
    """If it is closed by a quote of a later row, the rows in between would be lost in one error."""
    later = b"b,text\n" * (LIMIT // 7 + 1)
    for end in (b"", b'c,"quoted"\n'):
        answer = service.submit(b'ref,text\na,"open\n' + later + end)
        service.work()
        job = service.client.get(answer.location).json
        assert job["state"] == "failed"
        assert "Row 1 (from byte 9) opens a quote that is not closed" in job["error"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_header_over_its_limit_is_refused(service: Service, quote: str) -> None:
    """Without a header no row can be read."""
    content = f"ref,text,{quote}{'x' * 2**20}{quote}\n1,one\n".encode()
    refused(service, service.submit(content), 422, "header-too-long")
