"""`/v2` speaks the Open Inference Protocol."""

import base64
from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.doubles.table_model import INPUTS, OUTPUTS, TableModel
from support.in_memory import Service, make_service
from support.inference import MODEL, TYPES, columns_of, error, infer, replaced, tensor, tensors
from support.table_rows import EXPECTED, ROWS

from shared.config.settings import Settings
from shared.fleet import Served
from shared.signature import INFERENCE_TYPES, SCORE, Input


def test_the_answer(table: Service) -> None:
    """A tensor for each output, with its datatype and shape, and the id of the request."""
    answer = infer(table, {"id": "seven", "inputs": tensors()}).json
    assert answer["model_name"] == "table"
    assert answer["model_version"] == table.model.card.version
    assert answer["id"] == "seven"
    for output, found in zip(OUTPUTS, answer["outputs"], strict=True):
        assert found["name"] == output.name
        assert found["shape"] == [3]
        assert found["datatype"] == INFERENCE_TYPES[output.type]
        assert found["data"] == [row[output.name] for row in EXPECTED]


def test_chosen_outputs(table: Service) -> None:
    """The request names the outputs, in its order."""
    body = {"inputs": tensors(), "outputs": [{"name": "fare"}, {"name": "label"}]}
    assert list(columns_of(infer(table, body))) == ["fare", "label"]
    body["outputs"] = [{"name": "nothing"}]
    assert "label, probability_yes" in error(infer(table, body), 400)


def test_nulls_of_clients(table: Service) -> None:
    """Clients that write all fields send null for those without a value."""
    body = {
        "id": None,
        "parameters": None,
        "outputs": None,
        "inputs": replaced(of="age", parameters=None),
    }
    assert columns_of(infer(table, body))["fare"] == [row["fare"] for row in EXPECTED]
    assert "id" not in infer(table, body).json


@pytest.mark.parametrize(
    "changes",
    [
        {"of": "age", "datatype": "FP32"},
        {"of": "age", "shape": [3, 1], "data": [[22.0], [None], [4.5]]},
        {"of": "age", "shape": [3, 1]},
        {"of": "age", "data": [22, float("nan"), 4.5]},
        {"of": "class", "datatype": "UINT8"},
        {"of": "class", "datatype": "INT16", "data": [3.0, 1, 2]},
        {"of": "class", "datatype": "FP64", "data": [3.0, 1.0, 2.0]},
        {"of": "alive", "datatype": "INT8", "data": [1, None, 0]},
        {"of": "sex", "parameters": {"content_type": "str"}},
        {
            "of": "sex",
            "parameters": {"content_type": "base64"},
            "data": [base64.b64encode(row["sex"].encode()).decode() for row in ROWS],
        },
        {
            "of": "alive",
            "datatype": "BYTES",
            "parameters": {"content_type": "pd_json"},
            "data": ["true", "null", "false"],
        },
    ],
    ids=lambda changes: " ".join(str(one) for one in list(changes.values())[:2]),
)
def test_tensors(table: Service, changes: dict[str, Any]) -> None:
    """Other datatypes that hold the values exactly, shapes and content types."""
    found = columns_of(infer(table, {"inputs": replaced(**changes)}))
    assert found == {one.name: [row[one.name] for row in EXPECTED] for one in OUTPUTS}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (None, "no list of objects"),
        ([], "no input 'age', 'sex', 'class', 'alive'; found none"),
        (tensors()[1:], "no input 'age'; found 'sex', 'class', 'alive'"),
        ([*tensors(), tensors()[0]], "a 'name' of its own"),
        (replaced(of="age", shape=[1, 3]), "the shape of 'age' is [1, 3]"),
        (replaced(of="age", shape=[True]), "the shape of 'age' is [True]"),
        (replaced(of="age", shape=[4]), "'age' has 3 values; its shape says 4"),
        (replaced(of="age", shape=[2], data=[1, 2]), "age has 2, sex has 3"),
        (replaced(of="age", data=None), "the 'data' of 'age' is null"),
        (
            replaced(of="age", datatype="BYTES"),
            "'age' has the datatype BYTES; the model takes FP64",
        ),
        (replaced(of="sex", datatype="INT8"), "the model takes BYTES"),
        (replaced(of="alive", datatype="FP32"), "the model takes BOOL"),
        (replaced(of="age", datatype="INT64", data=[2**53 + 1, 1, 1]), "is not exact as FP64"),
        (replaced(of="age", datatype="INT32", data=[1, 1.5, 1]), "1.5 in 'age' is no INT32"),
        (replaced(of="age", datatype="UINT8", data=[1, 256, 1]), "256 in 'age' is no UINT8"),
        (replaced(of="age", datatype="UINT64", data=[-1, 1, 1]), "-1 in 'age' is no UINT64"),
        (replaced(of="class", datatype="INT8", data=[10**30, 1, 1]), "in 'class' is no INT8"),
        (replaced(of="age", data=[float("inf"), 1, 1]), "Infinity"),
        (replaced(of="sex", parameters={"content_type": "hex"}), "content_type of 'sex'"),
        (replaced(of="sex", parameters={"content_type": "base64"}), "no text in base64"),
        (replaced(of="sex", parameters={"content_type": "pd_json"}), "no text of JSON"),
        (replaced(of="sex", parameters=[1]), "a list and no object"),
    ],
)
def test_malformed_tensors(table: Service, inputs: Any, said: str) -> None:
    """Nothing is guessed: the message names the tensor, and what is wrong."""
    assert said in error(infer(table, {"inputs": inputs}), 400)
    assert table.model.calls == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([1], "a list and no object"),
        ({"inputs": tensors(), "instances": []}, "unknown field 'instances'"),
        ({"inputs": tensors(), "id": 7}, "'id' is a number"),
        ({"inputs": tensors(), "parameters": {"sequence_id": 1}}, "no parameter 'sequence_id'"),
        ({"inputs": tensors(), "parameters": {"content_type": "x"}}, "content_type is 'x'"),
        ({"inputs": tensors(), "model_name": "other"}, "'other', and the path names table"),
        ({"inputs": tensors(), "model_version": 1}, "its model_version is '1'"),
        ({"inputs": tensors(), "outputs": [{}]}, "a 'name' of its own"),
        (
            {
                "inputs": tensors(),
                "outputs": [{"name": "label", "parameters": {"classification": 2}}],
            },
            "no parameter 'classification'",
        ),
    ],
)
def test_malformed_requests(table: Service, body: Any, said: str) -> None:
    """A request that asks for more than there is here is refused."""
    assert said in error(infer(table, body), 400)


def test_no_row(table: Service) -> None:
    """A request without rows is refused."""
    assert "hold no row" in error(infer(table, {"inputs": tensors([])}), 422)


def test_further_tensors_are_ignored(table: Service) -> None:
    """As columns are everywhere that the model does not take."""
    body = {"inputs": [*tensors(), tensor("more", [1], "INT64")]}
    assert columns_of(infer(table, body))["fare"] == [row["fare"] for row in EXPECTED]


@pytest.mark.parametrize("bad", [{"class": 1.5}, {"sex": None}, {"sex": 7}, {"sex": "raise"}])
def test_a_bad_row(table: Service, bad: dict[str, Any]) -> None:
    """The request fails, because a tensor has no place for an error; the message names the row."""
    body = {"inputs": tensors([ROWS[0], ROWS[2] | bad, ROWS[2]])}
    said = error(infer(table, body), 400)
    assert said.startswith("Row 2 cannot be scored: ")
    assert "1 of 3" in said


def test_a_version(table: Service) -> None:
    """The version that is served answers; another version and another name are not found."""
    version = table.model.card.version
    body = {"inputs": tensors()}
    assert columns_of(infer(table, body, f"{MODEL}/versions/{version}"))
    for path in (f"{MODEL}/versions/1", "/v2/models/other"):
        assert f"table@{version}" in error(infer(table, body, path), 404)
        assert error(table.client.get(path), 404)
        assert error(table.client.get(f"{path}/ready"), 404)


def test_a_version_that_is_replaced_meanwhile(table: Service) -> None:
    """A newer version scores no request that names another one."""
    old, new = table.model.card, TableModel(version="00000000000b")
    served = Served(card=new.card, rate=1)
    looks = iter([table.fleet.versions()])
    now = {new.card.full_name: served}
    table.fleet.versions = lambda: next(looks, now)  # type: ignore[method-assign]
    table.fleet.replace(served)
    body = {"inputs": tensors()}
    said = error(infer(table, body, f"{MODEL}/versions/{old.version}"), 404)
    assert old.version in said
    assert table.model.calls == []


def test_metadata(table: Service) -> None:
    """The server, and the tensors of the model."""
    server = table.client.get("/v2").json
    assert server["name"] == "scorelane"
    assert server["extensions"] == ["binary_tensor_data"]
    version = table.model.card.version
    for path in (MODEL, f"{MODEL}/versions/{version}"):
        model = table.client.get(path).json
        assert model["versions"] == [version]
        assert model["inputs"] == [
            {"name": name, "datatype": datatype, "shape": [-1]} for name, datatype in TYPES.items()
        ]
        assert [one["name"] for one in model["outputs"]] == [one.name for one in OUTPUTS]


def test_health(table: Service) -> None:
    """Live, ready and the model ready; not ready without a process."""
    paths = [
        "/v2/health/ready",
        f"{MODEL}/ready",
        f"{MODEL}/versions/{table.model.card.version}/ready",
    ]
    for path in ["/v2/health/live", *paths]:
        assert table.client.get(path).status_code == 200
    table.fleet._processes = 0
    assert table.client.get("/v2/health/live").status_code == 200
    for path in paths:
        error(table.client.get(path), 503)


def test_a_model_of_texts(texts: Service) -> None:
    """A text model has one tensor of BYTES."""
    body = {"inputs": [tensor("text", ["well", "é"], "BYTES")]}
    found = columns_of(infer(texts, body, "/v2/models/length"))
    assert found == {SCORE: [length_score("well"), length_score("é")]}


def test_times(settings: Settings) -> None:
    """A datetime is BYTES in ISO 8601."""
    model = TableModel(inputs=(*INPUTS, Input(name="at", type="datetime")))
    service = make_service(settings, model=model)
    service.answer_at_once()
    times = ["2026-01-02T03:04:05Z", "2026-01-02", "2026-01-02 03:04"]
    for content in ({}, {"parameters": {"content_type": "datetime"}}):
        body = {"inputs": [*tensors(), tensor("at", times, "BYTES", **content)]}
        assert columns_of(infer(service, body))["fare"] == [row["fare"] for row in EXPECTED]
    body["inputs"][-1]["data"][1] = "soon"
    assert "at is not a date or time" in error(infer(service, body), 400)


def test_limits(settings: Settings) -> None:
    """More rows than a question may have are refused, and so are options in the query."""
    service = make_service(settings.model_copy(update={"small_rows": 2}), model=TableModel())
    assert "POST /jobs" in error(infer(service, {"inputs": tensors()}), 413)
    answer = service.client.post(f"{MODEL}/infer?outputs=label", json={"inputs": tensors()})
    assert "'outputs' is not an option" in error(answer, 400)
