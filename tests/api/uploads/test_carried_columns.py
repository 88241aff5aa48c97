"""Carried columns follow the columns that all results have."""

import csv
import io
import json
import time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.in_memory import Service
from support.problems import refused

from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.tables.csv_results import render
from shared.tables.layouts import NDJSON
from shared.tables.parts import Part


def finished_job(service: Service) -> str:
    """Make a finished job of two parts and two carried columns; return its results' address."""
    spec = Spec(
        id=new_job_id(),
        model="length",
        version="000000000001",
        kind="bulk",
        layout=NDJSON,
        size=9,
        columns=("stars", "a,b"),
    )
    parts = [Part(offset=0, length=1, first_row=at, rows=1) for at in range(2)]
    service.blobs.put(spec.result_key(0), render(["x"], [[0.5]], [None], [["5"], ["=1+1"]]))
    service.blobs.put(spec.result_key(1), render(["y"], [[None]], ["why"], [["007"], [""]]))
    now = time.time()
    job = Job(
        spec=spec,
        state=State.SUCCEEDED,
        created_at=now,
        finished_at=now,
        total=2,
        completed=1,
        failed=1,
    )
    service.store.restore(job, parts)
    return f"/jobs/{spec.id}/results"


def test_carried_columns_in_a_download(service: Service) -> None:
    """The CSV has their names and cells, escaped for spreadsheets."""
    answer = service.client.get(finished_job(service))
    assert answer.text == ('ref,Sentiment_Score,error,stars,"a,b"\nx,0.5,,5,\'=1+1\ny,,why,007,\n')
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_carried_columns_in_a_page(service: Service) -> None:
    """Rows of JSON have them as further keys, with each cell as it was sent."""
    page = service.client.get(f"{finished_job(service)}?format=json&offset=0&limit=2").json
    assert page["rows"] == [
        {"ref": "x", "Sentiment_Score": 0.5, "error": None, "stars": "5", "a,b": "=1+1"},
        {"ref": "y", "Sentiment_Score": None, "error": "why", "stars": "007", "a,b": ""},
    ]


#: The rows of a bulk job; the first two are also a small job.
TABLE = [
    {"ref": f"r{at}", "stars": at, "text": "x" * (at + 1), "who": f"=w{at}"} for at in range(9)
]
FORMATS = ["csv", "tsv", "ndjson", "parquet", "records", "columns", "small"]


def send(service: Service, form: str, **options: str) -> Any:
    """Submit the table as a job."""
    names, rows = list(TABLE[0]), TABLE[:2] if form == "small" else TABLE
    body: str | bytes
    delimiter = "\t" if form == "tsv" else ","
    if form in ("csv", "tsv"):
        cells = [names, *[[str(row[name]) for name in names] for row in rows]]
        body = "".join(delimiter.join(row) + "\n" for row in cells)
        kind = "text/csv" if form == "csv" else "text/tab-separated-values"
    elif form == "ndjson":
        body, kind = "".join(json.dumps(row) + "\n" for row in rows), "application/x-ndjson"
    elif form == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), file)
        body, kind = file.getvalue(), "application/vnd.apache.parquet"
    elif form == "columns":
        body = json.dumps({name: [row[name] for row in rows] for name in names})
        kind = "application/json"
    else:
        body, kind = json.dumps(rows), "application/json"
    return service.client.post("/jobs", data=body, content_type=kind, query_string=options)


def results(service: Service, accepted: Any) -> list[list[str]]:
    assert accepted.status_code == 202, accepted.text
    service.work()
    text = service.client.get(f"{accepted.location}/results").text
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("form", FORMATS)
def test_all_columns_are_carried(service: Service, form: str) -> None:
    """In the upload's order, with the text, after the usual columns; the ref is there once."""
    header, *rows = results(service, send(service, form, columns="all"))
    assert header == ["ref", "Sentiment_Score", "error", "stars", "text", "who"]
    assert [[row[0], *row[3:]] for row in rows] == [
        [row["ref"], str(row["stars"]), row["text"], f"'{row['who']}"]
        for row in (TABLE[:2] if form == "small" else TABLE)
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_named_columns_are_carried_as_they_are_named(service: Service, form: str) -> None:
    """In the order of the option, whatever the order of the upload is."""
    header, *rows = results(service, send(service, form, columns="who, stars"))
    assert header == ["ref", "Sentiment_Score", "error", "who", "stars"]
    assert rows[1] == ["r1", "0.02", "", "'=w1", "1"]


@pytest.mark.parametrize("form", FORMATS)
def test_columns_that_cannot_be_carried(service: Service, form: str) -> None:
    """An unknown column, or one with the name of a result column, is refused by its name."""
    answer = send(service, form, columns="stars,nope")
    assert "the option columns" in refused(service, answer, 422, "no-such-column")
    answer = send(service, form, columns="ref")
    assert "Rename it" in refused(service, answer, 422, "column-taken")
    answer = send(service, form, columns="all", ref_column="who")
    assert "The column 'ref'" in refused(service, answer, 422, "column-taken")


def test_a_column_of_the_upload_is_called_as_one_of_the_results(service: Service) -> None:
    """The other columns can be carried by naming them."""
    content = b"text,error,more\na,b,c\n"
    answer = service.submit(content, columns="all")
    assert "The column 'error'" in refused(service, answer, 422, "column-taken")
    assert service.scored(content, columns="more")[0]["more"] == "c"


@pytest.mark.parametrize("value", ["", "a,", ",", "a,a", '"a', "a\nb"])
def test_malformed_lists_of_columns(service: Service, value: str) -> None:
    """A typing mistake in the list is an error."""
    answer = service.submit(b"text,a\na,b\n", columns=value)
    assert "columns=" in refused(service, answer, 400, "bad-option")


def test_names_with_commas_have_quotes(service: Service) -> None:
    """As in a CSV; so has a column with the name `all`."""
    content = b'text,"a,b",all,\nx,1,2,3\n'
    [row] = service.scored(content, columns='"a,b","all"')
    assert (row["a,b"], row["all"]) == ("1", "2")
    [row] = service.scored(content, columns="all")
    assert list(row)[3:] == ["text", "a,b", "all"]


def test_bad_rows_carry_what_they_have(service: Service) -> None:
    """A cell that a ragged row does not have is empty; cells stay as typed."""
    content = b'ref,text,stars,id\n1,,4.50,007\n2,a\n3,a,5\n4,a,5,6,7\n5,"a","NA"," x "\n'
    rows = service.scored(content, columns="stars,id")
    assert [(row["stars"], row["id"]) for row in rows] == [
        ("4.50", "007"),
        ("", ""),
        ("5", ""),
        ("5", "6"),
        ("NA", " x "),
    ]
    assert [row["error"] is None for row in rows] == [False, False, False, False, True]


@pytest.mark.parametrize("rows", [1, 9])
@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_values_are_carried_as_their_json(service: Service, form: str, rows: int) -> None:
    """Except strings; null and a missing value are empty cells."""
    value = {"a": [1, None, "\u00e9"]}
    many = [{"text": "x", "v": value, "big": 2**70, "no": None, "yes": True, "f": 0.1}] * rows
    many += [{"text": "y", "v": "", "big": ""}]
    if form == "ndjson":
        body = "\n".join(map(json.dumps, many))
        answer = service.client.post(
            "/jobs",
            data=body,
            content_type="application/x-ndjson",
            query_string={"columns": "v,big,no,yes,f"},
        )
    else:
        answer = service.client.post("/jobs?columns=v,big,no,yes,f", json=many)
    found = results(service, answer)[1:]
    assert [row[3:] for row in found] == [
        *[['{"a": [1, null, "\u00e9"]}', str(2**70), "", "true", "0.1"]] * rows,
        ["", "", "", "", ""],
    ]


def test_small_jobs_with_different_columns_are_scored_together(service: Service) -> None:
    """Each job gets its own columns back."""
    jobs = [
        service.client.post("/jobs?columns=all", json={"text": ["a"], "x": [1]}),
        service.client.post("/jobs", json={"text": ["bb"], "x": [1]}),
        service.client.post("/jobs?columns=y,z", json={"z": [1], "text": ["ccc"], "y": [2]}),
    ]
    service.work()
    found = [service.client.get(f"{job.location}/results").text.splitlines() for job in jobs]
    assert service.model.calls == [3]
    assert found == [
        ["ref,Sentiment_Score,error,text,x", "1,0.01,,a,1"],
        ["ref,Sentiment_Score,error", "1,0.02,"],
        ["ref,Sentiment_Score,error,y,z", "1,0.03,,2,1"],
    ]
