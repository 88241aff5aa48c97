"""Models of tables through both clients: frames and rows as sources, outputs of every type."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars
import pytest
from support.doubles.table_model import OUTPUTS, TableModel
from support.in_memory import Service, make_service
from support.table_rows import EXPECTED, ROWS
from support.transports import Script, Working, problem

from scorelane.client.calls import signatures
from scorelane.client.errors import BadRequest, InvalidSource, UnknownModel
from shared.config.settings import Settings
from shared.signature import Input

NAMES = [one.name for one in OUTPUTS]
FRAME = pd.DataFrame(ROWS).astype({"sex": "category", "alive": "boolean"})
#: With an error in the middle.
BAD = [ROWS[0], {**ROWS[1], "sex": None}, ROWS[2]]


@pytest.fixture
def service(settings: Settings) -> Service:
    """The service in memory, with a model that takes a table."""
    return make_service(settings, model=TableModel())


def records(frame: Any) -> list[dict[str, Any]]:
    """The outputs of a frame of pandas or polars, with None for a missing value."""
    if isinstance(frame, polars.DataFrame):
        return frame.select(NAMES).to_dicts()
    rows = frame[NAMES].astype(object)
    return list(rows.where(rows.notna(), None).to_dict("records"))


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_table_is_scored(client: Any, timeout: float | None) -> None:
    """`score` adds the outputs, with their types, and the errors; both ways agree."""
    scored = client.score(FRAME.assign(id=7), timeout=timeout)
    assert scored.columns.tolist() == [*FRAME.columns, "id", *NAMES, "error"]
    assert records(scored) == EXPECTED
    assert [str(scored[name].dtype) for name in NAMES[1:]] == ["float64", "float64", "int64"]
    assert scored["error"].isna().all()
    polars_frame = polars.DataFrame(ROWS)
    by_polars = client.score(polars_frame, timeout=timeout)
    assert records(by_polars) == EXPECTED
    assert by_polars.dtypes[-5:] == [
        polars.String, polars.Float64, polars.Float64, polars.Int64, polars.String
    ]  # fmt: skip
    for empty in (client.score(FRAME.head(0)), client.score(polars_frame.clear())):
        assert list(empty.columns)[-5:] == [*NAMES, "error"]
        assert len(empty) == 0


def test_rows_with_an_error(client: Any) -> None:
    """Their outputs are missing; whole numbers stay whole next to them."""
    for frame in (pd.DataFrame(BAD), polars.DataFrame(BAD)):
        scored = client.score(frame)
        assert records(scored) == [EXPECTED[0], dict.fromkeys(NAMES), EXPECTED[2]]
        assert [one for one in scored["error"] if isinstance(one, str)] == ["sex is missing"]
        assert str(scored["fare"].dtype) == "Int64"


@pytest.mark.parametrize("kind", ["list", "generator", "iterable", "tuples", "async"])
def test_rows_of_a_table(client: Any, kind: str) -> None:
    """Dicts and named tuples are sent with the columns of the model; all results have its types."""

    async def rows() -> AsyncIterator[dict[str, Any]]:
        for row in ROWS:
            yield row

    sources: dict[str, Callable[[], Any]] = {
        "list": lambda: ROWS,
        "generator": lambda: (row for row in ROWS),
        "iterable": lambda: dict(enumerate(ROWS)).values(),
        "tuples": lambda: FRAME.itertuples(name=None, index=False),
        "async": rows,
    }
    source = sources[kind]()
    if kind == "tuples":
        with pytest.raises((InvalidSource, TypeError), match="Row 1 is"):
            client.submit(source)
        return
    if kind == "async" and not hasattr(client, "_wrapped"):
        with pytest.raises(TypeError, match="AsyncClient"):
            client.submit(source)
        return
    job = client.submit(source).wait()
    assert records(job.as_frame()) == EXPECTED
    assert [{name: row[name] for name in NAMES} for row in job.rows()] == EXPECTED
    assert records(client.as_frame(job.id, partial=True)) == EXPECTED
    assert list(job.errors()) == []
    assert [one["name"] for one in job.summary()["outputs"]] == NAMES


def test_only_the_columns_of_the_model_are_sent(client: Any, working: Working) -> None:
    """Of frames and of rows; numbers are numbers, and the models are read once."""
    secret = pd.DataFrame(ROWS).assign(name="s", ref=[7, 8, 9], x="x")
    client.submit(secret, columns=["x"])
    client.submit(secret.to_dict("records")[:1])
    sent = [one.content for one in working.requests if one.method == "POST"]
    assert sent[0].splitlines()[:2] == [b"age,sex,class,alive,ref,x", b"22.0,male,3,True,7,x"]
    assert json.loads(sent[1]) == {**ROWS[0], "ref": 7}
    assert [one.url.path for one in working.requests].count("/models") == 1


def test_renamed_columns(client: Any, working: Working) -> None:
    """A missing column is named with those that were found, and with the option that helps."""
    frame = FRAME.rename(columns={"age": "Age"})
    for one in (frame, polars.from_pandas(frame)):
        with pytest.raises(
            InvalidSource, match=r"no column 'age'\. Its columns: Age, sex"
        ) as raised:
            client.submit(one)
        assert "give rename={'Age': 'age'}." in str(raised.value)
        assert records(client.score(one, rename={"Age": "age"})) == EXPECTED
    assert {one.url.path for one in working.requests[:1]} == {"/models"}
    with pytest.raises(BadRequest, match=r"no column 'sex'.*: age"):
        client.submit([{"age": 3, "class": 1, "alive": True}])
    with pytest.raises(InvalidSource, match="'label' already"):
        client.score(FRAME.assign(label="x"))


def test_outputs_of_a_request(client: Any, connected: Any, settings: Settings) -> None:
    """Those on request come if they are named, in that order."""
    scored = client.score(FRAME, outputs=["fare", "label"])
    assert scored.columns.tolist()[-3:] == ["fare", "label", "error"]
    label = OUTPUTS[0].model_copy(update={"on_request": True})
    other = make_service(settings, model=TableModel(outputs=(label, *OUTPUTS[1:])))
    asking = connected(Working(other))
    assert asking.score(FRAME.assign(label=1)).columns.tolist()[-4:] == [*NAMES[1:], "error"]
    assert records(asking.score(FRAME, outputs="all")) == EXPECTED


def test_texts_for_a_model_of_tables(client: Any) -> None:
    """They are refused with the columns that the model takes."""
    for source in (["a text"], pd.DataFrame({"text": ["a"]}), [("r", "a text")]):
        with pytest.raises(
            (BadRequest, InvalidSource), match=r"age, sex, class, alive|'age', 'sex'"
        ):
            client.submit(source)
    with pytest.raises(UnknownModel, match=r"no model 'mood'\. The models here: table"):
        client.submit(ROWS, model="mood")


class Replaced(Working):
    """A service whose list of models is that of another model, until a submission is refused."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        refused = any(one.method == "POST" for one in self.requests)
        if request.url.path != "/models" or refused:
            return response
        response.read()
        body = response.json()
        for one in body["models"][0]["inputs"]:
            one["name"] = {"age": "years"}.get(one["name"], one["name"])
        return httpx.Response(200, json=body)


def test_a_model_that_is_replaced(connected: Callable[..., Any], service: Service) -> None:
    """If the service misses a column, the client asks again which ones the model takes."""
    replaced = Replaced(service)
    frame = FRAME.assign(years=1)
    assert records(connected(replaced).score(frame)) == EXPECTED
    paths = [(one.method, one.url.path) for one in replaced.requests]
    assert paths[:4] == [
        ("GET", "/models"),
        ("POST", "/jobs"),
        ("GET", "/models"),
        ("POST", "/jobs"),
    ]


class Reserved(Working):
    """A service that lets nobody see its models."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/models":
            self.requests.append(request)
            return problem(403, "forbidden")
        return super().handle_request(request)


def test_a_key_that_may_not_see_the_models(
    connected: Callable[..., Any], settings: Settings
) -> None:
    """Texts are sent as ever; the client does not ask again for a while."""
    reserved = Reserved(make_service(settings))
    asking = connected(reserved)
    for _ in range(2):
        asking.submit(pd.DataFrame({"text": ["a"], "x": [1]}))
        asking.submit([{"text": "a", "x": 1}])
    assert [one.url.path for one in reserved.requests].count("/models") == 1


def test_models_are_read_again_after_a_while(
    client: Any, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a client knows of the models grows old."""
    monkeypatch.setattr(signatures, "REMEMBERED_SECONDS", -1.0)
    client.submit(ROWS)
    client.submit(ROWS)
    assert [one.url.path for one in working.requests].count("/models") == 2


def test_a_model_of_texts_with_another_name(
    connected: Callable[..., Any], settings: Settings
) -> None:
    """Texts, pairs and frames are sent under the name that the model gives its input."""
    model = TableModel(inputs=(Input(name="review"),))
    working = Working(make_service(settings, model=model))
    asking = connected(working)
    for source in (["x"], [("r", "x")], [{"review": "x"}], pd.DataFrame({"review": ["x"]})):
        assert asking.submit(source).representation["rows"]
    accepted = [one.content for one in working.requests if b"review" in one.content]
    assert accepted[0] == b'{"review": "x"}\n'


def test_a_decimal_comma_of_a_frame(client: Any) -> None:
    """It describes a CSV, so it is refused for frames and rows, whose numbers are sent as such."""
    for source in (FRAME, polars.DataFrame(ROWS), ROWS):
        with pytest.raises(InvalidSource, match="sent as numbers"):
            client.submit(source, decimal="comma")
        assert client.submit(source, decimal="point")
    table = FRAME.to_csv(index=False, sep=";", decimal=",").encode()
    job = client.submit(table, decimal="comma", delimiter=";").wait()
    assert records(job.as_frame()) == EXPECTED


def test_a_few_rows_at_once(connected: Callable[..., Any], service: Service) -> None:
    """`score_rows` sends the columns of the model as one JSON list, and returns the outputs."""
    models = Working(service).handle_request(httpx.Request("GET", "http://x/models"))
    models.read()
    script = Script(models, httpx.ReadError("cut"), httpx.Response(200, json=[{"ref": 1}]))
    asking = connected(script)
    rows = [{**row, "age": np.float32(0.1), "ref": 7, "more": "s"} for row in ROWS]
    assert asking.score_rows((row for row in rows), outputs=["label"]) == [{"ref": 1}]
    sent = script.requests[-1]
    assert (sent.url.path, sent.url.params["outputs"]) == ("/score", '"label"')
    exact = {"age": 0.10000000149011612, "ref": 7}
    assert json.loads(sent.content) == [{**row, **exact} for row in ROWS]
    assert asking.score_rows(["a text"], text_column="t") == [{"ref": 1}]
    assert script.requests[-1].content == b'[{"t": "a text"}]'
    count = len(script.requests)
    for nonsense in ("text", {"text": ["a"]}, FRAME, polars.DataFrame(ROWS)):
        with pytest.raises(TypeError, match="no list of rows"):
            asking.score_rows(nonsense)
    with pytest.raises(InvalidSource, match="the model takes the columns age, sex, class, alive"):
        asking.score_rows([None])
    assert len(script.requests) == count
