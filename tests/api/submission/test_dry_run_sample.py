"""A dry run shows the first cells of all columns as they were sent, also if it refuses them."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.in_memory import Service
from support.problems import refused

ROWS = [{"id": number, "stars": number * 0.5, "text": f"text {number}"} for number in range(1, 8)]
COLUMNS = ["id", "stars", "text"]


def encoded(kind: str) -> tuple[bytes, str]:
    """The rows in a format, and its content type."""
    match kind:
        case "csv":
            lines = [",".join(map(str, row.values())) for row in ROWS]
            return "\n".join(["id,stars,text", *lines, ""]).encode(), "text/csv"
        case "ndjson":
            return b"".join(
                b"%b\n" % json.dumps(row).encode() for row in ROWS
            ), f"application/{kind}"
        case "parquet":
            file = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(ROWS), file)
            return file.getvalue(), "application/vnd.apache.parquet"
        case "columns":
            value: Any = {name: [row[name] for row in ROWS] for name in COLUMNS}
        case "pandas":
            value = {name: {str(row["id"]): row[name] for row in ROWS} for name in COLUMNS}
        case _:
            value = ROWS
    return json.dumps(value).encode(), "application/json"


def dry(service: Service, content: bytes, kind: str, **options: str) -> Any:
    return service.client.post(
        "/jobs", data=content, content_type=kind, query_string={"validate": "true", **options}
    )


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet", "records", "columns", "pandas"])
@pytest.mark.parametrize("text_column", ["text", "nope"])
def test_the_first_cells_of_all_columns(service: Service, kind: str, text_column: str) -> None:
    """They are in the answer, and in the problem if a column of the model is not there."""
    content, media_type = encoded(kind)
    answer = dry(service, content, media_type, text_column=text_column)
    if text_column == "nope":
        refused(service, answer, 422, "no-such-column")
    else:
        assert answer.status_code == 200, answer.text
    assert answer.json["columns"] == COLUMNS
    shown = [list(map(str, row.values())) for row in ROWS[:5]]
    assert answer.json["sample"] == {"columns": COLUMNS, "rows": shown}


def test_cells_are_cut_and_missing_ones_are_null(service: Service) -> None:
    """A row of another length than the header is shown as far as it goes."""
    content = b"text,a,a\n" + b"x" * 900 + b",1\n1,2,3,4\n"
    sample = dry(service, content, "text/csv").json["sample"]
    assert sample == {"columns": ["text", "a", "a"], "rows": [["x" * 200, "1", None], list("123")]}
    assert dry(service, b'{"text": null, "a": {"b": 1.50}}\n', "application/x-ndjson").json[
        "sample"
    ]["rows"] == [[None, '{"b": 1.50}']]


def test_a_file_without_a_header_has_no_sample(service: Service) -> None:
    """Nothing is known of it but why it is refused."""
    answer = dry(service, b'"text\n', "text/csv")
    refused(service, answer, 422, "open-quote")
    assert not answer.json.keys() & {"columns", "sample"}


def test_a_file_that_names_its_delimiter(service: Service) -> None:
    """Its cells are shown as its first line says."""
    answer = dry(service, b"sep=;\nid;text\n1;a,b\n", "text/csv")
    assert answer.json["sample"] == {"columns": ["id", "text"], "rows": [["1", "a,b"]]}
