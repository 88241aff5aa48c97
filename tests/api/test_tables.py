"""Models that take a table, from the upload to the results, in every format."""

import io
import json
from typing import Any

import pandas as pd
import pytest
from support.doubles.table_model import INPUTS, OUTPUTS, TableModel, table_outputs
from support.in_memory import Service, make_service

from api.requests.columns import input_columns
from api.requests.options import RowOptions
from api.uploads.csv import CsvUpload
from shared.config.settings import Settings
from shared.signature import Signature

#: Rows with an age, a sex, a class and whether somebody is alive; None is a missing value.
PEOPLE: list[tuple[Any, ...]] = [
    (22.5, "male", 3, True),
    (None, "female", 1, False),
    (40.0, "female", 2, None),
    (1e-3, 'none of both, or: "both"', 3, True),
    (80.0, "male", 1, None),
]
NAMES = ["age", "sex", "class", "alive"]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in PEOPLE]
EXPECTED = [
    {"ref": str(number), **table_outputs(*row), "error": None}
    for number, row in enumerate(PEOPLE, 1)
]
FRAME = pd.DataFrame(RECORDS).astype({"alive": "boolean", "class": "int64"})
OUTPUT_NAMES = [one.name for one in OUTPUTS]


@pytest.fixture
def tables(settings: Settings) -> Service:
    """The whole service in memory, with a model that takes a table."""
    return make_service(settings, model=TableModel())


def csv_of(records: list[dict[str, Any]], delimiter: str = ",", decimal: str = ".") -> bytes:
    frame = pd.DataFrame(records)
    return frame.to_csv(index=False, sep=delimiter, decimal=decimal).encode()


def lines_of(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def parquet_of(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target)
    return target.getvalue()


def send(service: Service, content: bytes, kind: str, **options: str) -> Any:
    return service.client.post("/jobs", data=content, content_type=kind, query_string=options)


BODIES = {
    "csv": (csv_of(RECORDS), "text/csv"),
    "tsv": (csv_of(RECORDS, "\t"), "text/tab-separated-values"),
    "ndjson": (lines_of(RECORDS), "application/x-ndjson"),
    "parquet": (parquet_of(FRAME), "application/vnd.apache.parquet"),
    "records": (json.dumps(RECORDS).encode(), "application/json"),
    "columns": (
        json.dumps({name: [one[name] for one in RECORDS] for name in NAMES}).encode(),
        "application/json",
    ),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_table_is_scored_from_any_format(tables: Service, body: str) -> None:
    """Columns are found by name; a missing value that the model allows is no error."""
    assert tables.rows_of(send(tables, *BODIES[body])) == EXPECTED


@pytest.mark.parametrize("kind", ["small", "bulk"])
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "json"])
def test_results_have_the_outputs_in_every_format(tables: Service, kind: str, form: str) -> None:
    """Numbers are numbers, texts are texts, and all formats agree, of small jobs and of bulk."""
    body = BODIES["records" if kind == "small" else "csv"]
    accepted = send(tables, *body, columns="class,age")
    tables.work()
    answer = tables.client.get(f"{accepted.location}/results", query_string={"format": form})
    if form == "json":
        found = pd.DataFrame(answer.json["rows"])
    elif form == "csv":
        found = pd.read_csv(io.BytesIO(answer.data), dtype={"ref": str, "class": str})
    elif form == "ndjson":
        found = pd.read_json(
            io.BytesIO(answer.data),
            lines=True,
            dtype={"ref": str, "class": str},
            precise_float=True,
        )
    else:
        found = pd.read_parquet(io.BytesIO(answer.data))
        assert found.dtypes[OUTPUT_NAMES].astype(str).tolist()[1:] == ["float64"] * 2 + ["int64"]
    assert list(found.columns) == ["ref", *OUTPUT_NAMES, "error", "class", "age"]
    for name in OUTPUT_NAMES:
        assert found[name].tolist() == [row[name] for row in EXPECTED]
    assert found["class"].tolist() == ["3", "1", "2", "3", "1"]


def test_a_bad_cell_is_an_error_of_its_row(tables: Service) -> None:
    """It names the column and the value; all other rows get their outputs."""
    records = [dict(one) for one in RECORDS]
    records[1]["class"] = "first"
    records[2]["sex"] = None
    records[3]["age"] = "abc"
    for body in ((csv_of(records), "text/csv"), (lines_of(records), "application/x-ndjson")):
        accepted = send(tables, *body)
        rows = tables.rows_of(accepted)
        assert [row["error"] for row in rows] == [
            None,
            "class is not a whole number: 'first'",
            "sex is missing",
            "age is not a number: 'abc'",
            None,
        ]
        assert [rows[0], rows[4]] == [EXPECTED[0], EXPECTED[4]]
        assert {rows[1][name] for name in OUTPUT_NAMES} == {None}
        errors = tables.client.get(f"{accepted.location}/errors").json["errors"]
        assert [(one["row"], one["error"]) for one in errors][1] == (3, "sex is missing")
        summary = tables.client.get(f"{accepted.location}/summary").json
        kinds = {one["kind"]: one["rows"] for one in summary["errors"]}
        assert kinds == {"wrong_type": 2, "missing": 1}
        parquet = tables.client.get(f"{accepted.location}/results?format=parquet")
        frame = pd.read_parquet(io.BytesIO(parquet.data))
        assert frame["label"].isna().tolist() == [False, True, True, True, False]


def test_an_infinite_number_in_parquet_is_an_error_of_its_row(tables: Service) -> None:
    """JSON has none, so a Parquet file is the one that may hold it; it is never a missing value."""
    body = parquet_of(FRAME.assign(age=[22.5, None, float("inf"), 1e-3, float("-inf")]))
    rows = tables.rows_of(send(tables, body, BODIES["parquet"][1]))
    assert [row["error"] for row in rows] == [
        None,
        None,
        "age is not a number: 'inf'",
        None,
        "age is not a number: '-inf'",
    ]


def test_a_row_on_which_the_model_raises(tables: Service) -> None:
    """It gets an error of its own, and so does a row for which the model gives no number."""
    records = [dict(one) for one in RECORDS]
    records[1]["sex"], records[3]["sex"] = "raise", "nothing"
    rows = tables.rows_of(send(tables, csv_of(records), "text/csv"))
    assert rows[1]["error"] == "the model could not score this row: ValueError"
    assert rows[3]["error"] == "the model gave no probability_yes for this row"
    assert [rows[0], rows[2], rows[4]] == [EXPECTED[0], EXPECTED[2], EXPECTED[4]]


def test_a_whole_number_that_is_too_large_for_a_result(tables: Service) -> None:
    """It is an error of its row, also where a model gives numbers of any size."""
    records = [dict(one) for one in RECORDS]
    records[1]["class"] = 2**62
    rows = tables.rows_of(send(tables, csv_of(records), "text/csv"))
    assert rows[1]["error"] == "the model could not score this row: OverflowError"
    assert [rows[0], *rows[2:]] == [EXPECTED[0], *EXPECTED[2:]]


@pytest.mark.parametrize("body", BODIES)
def test_a_missing_column_is_refused_at_upload(tables: Service, body: str) -> None:
    """The answer names the column, those that were found, and the option that renames."""
    renamed = [
        {"Age" if name == "age" else name: cell for name, cell in one.items()} for one in RECORDS
    ]
    bodies = {
        "csv": csv_of(renamed),
        "tsv": csv_of(renamed, "\t"),
        "ndjson": lines_of(renamed),
        "parquet": parquet_of(FRAME.rename(columns={"age": "Age"})),
        "records": json.dumps(renamed).encode(),
        "columns": json.dumps(
            {name: [one[name] for one in renamed] for name in renamed[0]}
        ).encode(),
    }
    kind = BODIES[body][1]
    refused = send(tables, bodies[body], kind)
    assert refused.status_code == 422
    detail = refused.json["detail"]
    assert "no column 'age'" in detail
    assert "Age, sex, class, alive" in detail
    assert "rename" in detail
    assert tables.rows_of(send(tables, bodies[body], kind, rename="Age:age")) == EXPECTED


def test_blanks_around_the_names_of_columns(settings: Settings) -> None:
    """They are part of a name if the model has it so; else a column of strings is refused.

    Its cells may have blanks too, and would be other values for the model, without a word.
    """
    tables = make_service(settings, model=TableModel())
    body = csv_of(RECORDS)
    padded = body.replace(b"sex", b" sex").replace(b"class", b" class ")
    refused = send(tables, padded, "text/csv")
    assert refused.json["type"] == "urn:scorelane:problem:padded-name"
    assert "' sex'" in refused.json["detail"]
    numbers = body.replace(b"class", b" class ")
    assert tables.rows_of(send(tables, numbers, "text/csv")) == EXPECTED
    named = (INPUTS[0], INPUTS[1].model_copy(update={"name": " sex"}), *INPUTS[2:])
    signature = Signature(inputs=named, outputs=OUTPUTS)
    where = input_columns(signature, RowOptions())
    upload = CsvUpload()
    upload.feed(padded)
    assert upload.layout(where).inputs == (0, 1, 2, 3)


def test_numbers_with_a_decimal_comma(tables: Service) -> None:
    """They are read where the request says so, and are an error otherwise."""
    body = csv_of(RECORDS, ";", ",")
    assert tables.rows_of(send(tables, body, "text/csv", delimiter=";", decimal=",")) == EXPECTED
    rows = tables.rows_of(send(tables, body, "text/csv", delimiter=";"))
    assert rows[0]["error"] == "age is not a number: '22,5'"


def test_outputs_on_request(settings: Settings) -> None:
    """A job has those that need no request, or those that it names, in that order."""
    label = OUTPUTS[0].model_copy(update={"on_request": True})
    tables = make_service(settings, model=TableModel(outputs=(label, *OUTPUTS[1:])))
    for body in ("csv", "records"):
        plain = tables.rows_of(send(tables, *BODIES[body]))
        assert list(plain[0]) == ["ref", *OUTPUT_NAMES[1:], "error"]
        accepted = send(tables, *BODIES[body], outputs="fare,label")
        rows = tables.rows_of(accepted)
        assert [(row["fare"], row["label"]) for row in rows] == [
            (row["fare"], row["label"]) for row in EXPECTED
        ]
        assert "probability_yes" not in rows[0]
        for form in ("csv", "ndjson"):
            answer = tables.client.get(f"{accepted.location}/results?format={form}")
            assert b"probability_yes" not in answer.data
        job = tables.client.get(accepted.location).json
        assert [one["name"] for one in job["outputs"]] == ["fare", "label"]
        everything = tables.rows_of(send(tables, *BODIES[body], outputs="all"))
        assert everything == EXPECTED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outputs": "mood"}, "the model gives label"),
        ({"rename": "Age"}, "yours:its"),
        ({"rename": "Age:mood"}, "one of age, sex"),
        ({"rename": "A:age,B:age"}, "named twice"),
        ({"text_column": "sex"}, "rename=yours:its"),
        ({"decimal": ";"}, "point or comma"),
        ({"columns": "label"}, "Rename it"),
    ],
)
def test_options_that_do_not_fit_the_model(
    tables: Service, options: dict[str, str], words: str
) -> None:
    """They are refused, with what would fit."""
    body = csv_of([{**one, "label": "x"} for one in RECORDS])
    refused = send(tables, body, "text/csv", **options)
    assert refused.status_code in (400, 422)
    assert words in refused.json["detail"]


def test_a_dry_run_shows_the_values_as_they_are_read(tables: Service) -> None:
    """Typed, with null for a missing one, and with the errors that the job would have."""
    body = csv_of([*RECORDS, {**RECORDS[0], "class": "x"}])
    found = send(tables, body, "text/csv", validate="true").json
    assert [row["inputs"] for row in found["first_rows"]] == RECORDS
    assert found["first_errors"][0]["error"] == "class is not a whole number: 'x'"


def test_every_process_pins_the_signature(tables: Service) -> None:
    """A job that Redis has lost comes back with its columns, from the blob store."""
    accepted = send(tables, *BODIES["csv"])
    tables.step()
    tables.lose()
    tables.reconcile()
    assert tables.rows_of(accepted) == EXPECTED


def test_the_models_page_names_inputs_and_outputs(tables: Service) -> None:
    """A client learns there what to send, and what it gets."""
    [model] = tables.client.get("/models").json["models"]
    assert [(one["name"], one["type"], one["required"]) for one in model["inputs"]] == [
        (one.name, one.type, one.required) for one in INPUTS
    ]
    assert [one["name"] for one in model["outputs"]] == OUTPUT_NAMES
