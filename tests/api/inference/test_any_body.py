"""Whatever a client sends, it gets predictions or a reason, never an internal error."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.doubles.table_model import TableModel
from support.in_memory import Service, make_service

from shared.config.settings import Settings

NAMES = st.sampled_from(
    [
        *("age", "sex", "class", "alive", "name", "shape", "datatype", "data", "columns", "index"),
        *("inputs", "instances", "dataframe_split", "dataframe_records", "params", "parameters"),
        *("outputs", "id", "content_type", "binary_data_size", "ref", "\ud800"),
    ]
)
WORDS = st.sampled_from(
    ["age", "sex", "class", "alive", "FP64", "BYTES", "BOOL", "pd_json", "base64", "", "\ud800"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([2**70, -0.0, 1.5, 1e300, float("nan"), float("inf")])
    | WORDS
    | st.text(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
CELLS = st.lists(SCALARS, min_size=1, max_size=2)
TENSORS = st.lists(
    st.fixed_dictionaries(
        {
            "name": WORDS,
            "shape": st.just([1]) | st.just([2, 1]) | VALUES,
            "datatype": WORDS,
            "data": CELLS | VALUES,
        },
        optional={"parameters": VALUES},
    ),
    max_size=5,
)
BODIES = (
    VALUES
    | st.dictionaries(NAMES, VALUES, max_size=2)
    | st.fixed_dictionaries({"inputs": TENSORS}, optional={"outputs": VALUES})
    | st.fixed_dictionaries({"instances": st.lists(st.lists(SCALARS, min_size=4, max_size=4))})
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service with the model of a table, for all examples."""
    folder = tmp_path_factory.mktemp("blobs")
    service = make_service(Settings(blobs_dir=folder), model=TableModel())
    service.answer_at_once()
    return service


@pytest.mark.parametrize(
    "path", ["/score", "/invocations", "/invocations?errors=rows", "/v2/models/table/infer"]
)
@settings(max_examples=25)
@given(body=BODIES)
def test_any_json(served: Service, path: str, body: Any) -> None:
    """A body is scored or refused; no row gets an output that is missing without a reason."""
    answer = served.client.post(path, data=json.dumps(body), content_type="application/json")
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code == 200 and path == "/invocations":
        assert all(None not in row.values() for row in answer.json["predictions"])
    if answer.status_code == 200 and path.startswith("/v2"):
        assert all(None not in one["data"] for one in answer.json["outputs"])


@settings(max_examples=25)
@given(body=BODIES, data=st.binary(max_size=40))
def test_any_binary_body(served: Service, body: Any, data: bytes) -> None:
    """The same where data of tensors follow the JSON."""
    text = json.dumps(body).encode()
    answer = served.client.post(
        "/v2/models/table/infer",
        data=text + data,
        headers={"Inference-Header-Content-Length": str(len(text))},
    )
    assert answer.status_code in (200, 400, 422), answer.text


@settings(max_examples=25)
@given(body=st.text(st.sampled_from('age,sexclivm123"\n\r;. '), max_size=60), head=st.booleans())
def test_any_csv(served: Service, body: str, *, head: bool) -> None:
    """A CSV is scored or refused."""
    text = f"age,sex,class,alive\n{body}" if head else body
    answer = served.client.post("/invocations", data=text.encode(), content_type="text/csv")
    assert answer.status_code in (200, 400, 422), answer.text
