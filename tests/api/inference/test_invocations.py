"""`POST /invocations` takes and gives what MLflow's scoring server does."""

import json
from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.doubles.table_model import OUTPUTS, TableModel
from support.in_memory import Service, make_service
from support.table_rows import EXPECTED, ROWS

from shared.config.settings import Settings
from shared.signature import SCORE

NAMES = list(ROWS[0])
LISTS = [list(row.values()) for row in ROWS]
COLUMNS = {name: [row[name] for row in ROWS] for name in NAMES}
CSV = "age,sex,class,alive\n22,male,3,true\n,female,1,\n4.5,female,2,False\n"


def message(answer: Any, status: int, code: str) -> str:
    """Check that an answer is an error as MLflow writes it, and return its message."""
    assert answer.status_code == status, answer.text
    assert answer.json.keys() == {"error_code", "message"}
    assert answer.json["error_code"] == code
    return str(answer.json["message"])


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "index": [4, 5, 6], "data": LISTS}},
        {"dataframe_split": {"columns": NAMES[::-1], "data": [row[::-1] for row in LISTS]}},
        {"dataframe_split": {"data": LISTS}},
        {"dataframe_records": ROWS},
        {"dataframe_records": [row | {"more": 1} for row in ROWS]},
        {"instances": ROWS},
        {"instances": LISTS},
        {"inputs": ROWS},
        {"inputs": LISTS, "params": {}},
        {"inputs": COLUMNS},
        {"inputs": {name: [[cell] for cell in cells] for name, cells in COLUMNS.items()}},
    ],
    ids=[
        *("split", "split in another order", "split without names", "records", "more columns"),
        *("instances", "instances as lists", "inputs as records", "inputs as lists"),
        *("inputs as columns", "columns of n by 1"),
    ],
)
@pytest.mark.parametrize("path", ["/invocations", "/models/table/invocations"])
def test_the_forms(table: Service, path: str, body: Any) -> None:
    """Every form has the same predictions: an object of the outputs for each row."""
    answer = table.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    assert answer.json == {"predictions": EXPECTED}
    assert list(answer.json["predictions"][0]) == [one.name for one in OUTPUTS]


def test_csv(table: Service) -> None:
    """A CSV has the same predictions; the column of an index is ignored."""
    indexed = "\n".join(f"{at},{line}" if at else f",{line}" for at, line in enumerate(CSV.split()))
    for body in (CSV, "\ufeff" + CSV.replace("\n", "\r\n"), indexed):
        answer = table.client.post("/invocations", data=body.encode(), content_type="text/csv")
        assert answer.json == {"predictions": EXPECTED}, answer.text


def test_one_output(table: Service) -> None:
    """With one output the predictions are bare values."""
    answer = table.client.post("/invocations?outputs=fare", json={"instances": ROWS})
    assert answer.json == {"predictions": [row["fare"] for row in EXPECTED]}


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": ["well", "so so"]},
        {"inputs": {"text": ["well", "so so"]}},
        {"instances": [["well"], ["so so"]]},
        {"dataframe_split": {"columns": ["text"], "data": [["well"], ["so so"]]}},
    ],
    ids=["list", "column", "n by 1", "split"],
)
def test_a_model_of_texts(texts: Service, body: Any) -> None:
    """A model with one input takes a list of values, and gives bare values."""
    answer = texts.client.post("/invocations", json=body)
    assert answer.json == {"predictions": [length_score("well"), length_score("so so")]}
    assert texts.client.post("/invocations", json={"inputs": "well"}).json == {
        "predictions": [length_score("well")]
    }


def test_nan_is_missing(table: Service) -> None:
    """Python's JSON has NaN for a missing number; Infinity is refused, as no model takes it."""
    body = json.dumps({"inputs": [ROWS[1] | {"age": float("nan")}]})
    headers = {"Content-Type": "application/json"}
    answer = table.client.post("/invocations", data=body, headers=headers)
    assert answer.json == {"predictions": [EXPECTED[1]]}
    infinite = body.replace("NaN", "-Infinity")
    answer = table.client.post("/invocations", data=infinite, headers=headers)
    assert "-Infinity" in message(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("bad", [{"class": "first"}, {"sex": None}, {"age": "?"}, {"sex": "raise"}])
@pytest.mark.parametrize("is_csv", [False, True], ids=["json", "csv"])
def test_a_bad_row(table: Service, bad: dict[str, Any], *, is_csv: bool) -> None:
    """It fails the request, as with MLflow, unless the request asks for errors by row."""
    rows = [ROWS[0], ROWS[2] | bad, ROWS[2]]
    content: dict[str, Any] = {"json": {"dataframe_records": rows}}
    if is_csv:
        lines = [",".join("" if one is None else str(one) for one in row.values()) for row in rows]
        content = {"data": "\n".join([",".join(NAMES), *lines]), "content_type": "text/csv"}
    said = message(table.client.post("/invocations", **content), 400, "BAD_REQUEST")
    reason = "ValueError" if bad == {"sex": "raise"} else next(iter(bad))
    assert said.startswith("Row 2 cannot be scored: ")
    assert reason in said
    assert "1 of 3" in said
    assert "errors=rows" in said
    first, second, third = table.client.post("/invocations?errors=rows", **content).json[
        "predictions"
    ]
    assert [first, third] == [EXPECTED[0] | {"error": None}, EXPECTED[2] | {"error": None}]
    assert reason in second["error"]
    assert {second[one.name] for one in OUTPUTS} == {None}


def test_only_bad_rows(table: Service) -> None:
    """Rows of a CSV that all have an error need no worker."""
    answer = table.client.post(
        "/invocations?errors=rows", data="age,sex,class,alive\n,,,\n", content_type="text/csv"
    )
    assert answer.json["predictions"][0]["error"] == "sex is missing"
    assert table.model.calls == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([1], "it is a list"),
        ({}, "it has the fields none"),
        ({"instances": [], "inputs": []}, "exactly one of"),
        ({"instances": ROWS, "signature_name": "x"}, "signature_name"),
        ({"instances": ROWS, "params": {"temperature": 1}}, "'params'"),
        ({"instances": []}, "holds no row"),
        ({"instances": {"age": [1]}}, "an object and no list"),
        ({"dataframe_records": "[]"}, "a string and no list"),
        ({"dataframe_records": [1]}, "a list with a number in it"),
        ({"dataframe_split": [1]}, "a list and no object"),
        ({"dataframe_split": {"columns": NAMES}}, "must have a list 'data'"),
        ({"dataframe_split": {"columns": [0, 1, 2, 3], "data": LISTS}}, "not all strings"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "a name twice"),
        ({"dataframe_split": {"columns": NAMES, "data": [LISTS[0], [1]]}}, "row 2"),
        ({"inputs": [LISTS[0], [1, 2]]}, "row 2 of 'inputs' has 2 values; the model takes 4"),
        ({"inputs": [1, 2]}, "age, sex, class, alive"),
        ({"inputs": [ROWS[0], LISTS[0]]}, "row 1 of 'inputs' is an object"),
        ({"inputs": COLUMNS | {"age": [1]}}, "differ in length"),
        ({"inputs": {"sex": ["m"]}}, "no column 'age', 'class', 'alive'"),
        ({"inputs": {"\ud800": ["m"]}}, "half of a character"),
        ({"\ud800": ["m"]}, "exactly one of"),
    ],
)
def test_malformed_bodies(table: Service, body: Any, said: str) -> None:
    """Nothing is guessed: the message says what is wrong."""
    answer = table.client.post(
        "/invocations", data=json.dumps(body), content_type="application/json"
    )
    assert answer.status_code in (400, 422)
    assert said in answer.json["message"]
    assert table.model.calls == []


def test_it_is_not_json(table: Service) -> None:
    """A body that is no JSON, or of another type, is refused."""
    answer = table.client.post("/invocations", data="{", content_type="application/json")
    assert "not JSON" in message(answer, 400, "BAD_REQUEST")
    deep = "[" * 1900
    answer = table.client.post("/invocations", data=deep, content_type="application/json")
    assert "not JSON" in message(answer, 400, "BAD_REQUEST")
    answer = table.client.post("/invocations", data="x", content_type="application/x-parquet")
    assert "text/csv" in message(answer, 415, "INVALID_PARAMETER_VALUE")


def test_limits(settings: Settings) -> None:
    """More rows than a question may have are refused, with the advice to submit a job."""
    service = make_service(settings.model_copy(update={"small_rows": 2}), model=TableModel())
    for content in ({"json": {"instances": ROWS}}, {"data": CSV, "content_type": "text/csv"}):
        answer = service.client.post("/invocations", **content)
        assert "POST /jobs" in message(answer, 413, "INVALID_PARAMETER_VALUE")


def test_options(table: Service) -> None:
    """A model that is not there, an option of no use, and a name in path and query."""
    body = {"instances": ROWS}
    answer = table.client.post("/models/other/invocations", json=body)
    assert "table@" in message(answer, 404, "RESOURCE_DOES_NOT_EXIST")
    for query in ("ref_column=a", "errors=none", "outputs=x", "modell=table"):
        message(table.client.post(f"/invocations?{query}", json=body), 400, "BAD_REQUEST")
    answer = table.client.post("/models/table/invocations?model=other", json=body)
    assert "path" in message(answer, 400, "BAD_REQUEST")
    rows = [{"Age" if name == "age" else name: cell for name, cell in row.items()} for row in ROWS]
    answer = table.client.post("/invocations?rename=Age:age&model=table", json={"instances": rows})
    assert answer.json == {"predictions": EXPECTED}


def test_health(table: Service) -> None:
    """`/ping` and `/health` are the readiness of the service; `/version` is text."""
    assert table.client.get("/ping").text == "\n"
    assert table.client.get("/health").status_code == 200
    assert table.client.get("/version").text
    table.fleet._processes = 0
    assert table.client.get("/ping").status_code == 503


def test_sentiment_models(texts: Service) -> None:
    """The score of a text model has its name where errors are asked for by row."""
    answer = texts.client.post("/invocations?errors=rows", json={"inputs": ["well", ""]})
    assert answer.json["predictions"] == [
        {SCORE: length_score("well"), "error": None},
        {SCORE: None, "error": "the text is empty"},
    ]
