"""`POST /score` scores the rows of any model, and `/sentiment` those of a text model."""

from dataclasses import replace
from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.doubles.table_model import OUTPUTS, TableModel
from support.in_memory import Service, make_service
from support.problems import problem, refused
from support.table_rows import EXPECTED, ROWS

from shared.config.settings import Settings
from shared.fleet import Served
from shared.signature import SCORE


def columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize("body", [ROWS, columns(ROWS)], ids=["records", "columns"])
def test_a_table(table: Service, body: Any) -> None:
    """Records and columns get the outputs of the model, with their numbers as refs."""
    answer = table.client.post("/score", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json == [{"ref": at} | row for at, row in enumerate(EXPECTED, 1)]
    assert list(answer.json[0]) == ["ref", *(one.name for one in OUTPUTS)]


def test_refs_keep_their_type(table: Service) -> None:
    """A ref comes back as it was sent."""
    refs = ["a", 7, None]
    rows = [row | {"ref": ref} for row, ref in zip(ROWS, refs, strict=True)]
    answer = table.client.post("/score?outputs=label", json=rows)
    assert [row["ref"] for row in answer.json] == ["a", 7, 3]
    text = table.client.post(
        "/score?outputs=label",
        data='[{"ref": 1.10, "sex": "male", "age": 1, "class": 1, "alive": true}]',
    ).text
    assert text.startswith('[{"ref":1.10,')


def test_a_bad_row(table: Service) -> None:
    """A row with a cell that is no number has an error, and the others have their outputs."""
    rows = [ROWS[0], ROWS[1] | {"class": "first"}, ROWS[2]]
    first, bad, last = table.client.post("/score", json=rows).json
    assert [first, last] == [{"ref": 1} | EXPECTED[0], {"ref": 3} | EXPECTED[2]]
    assert bad["error"] == "class is not a whole number: 'first'"
    assert {bad[one.name] for one in OUTPUTS} == {None}


def test_rows_that_the_model_refuses(table: Service) -> None:
    """A row on which the model raises, or without an output, has an error."""
    rows = [ROWS[0] | {"sex": sex} for sex in ("raise", "nothing", "male")]
    answer = table.client.post("/score", json=rows).json
    assert ["error" in row for row in answer] == [True, True, False]


def test_options(table: Service) -> None:
    """`rename` names the columns, `outputs` chooses, and `ref_column` has the refs."""
    rows = [{"Age": 22, "sex": "male", "class": 3, "alive": True, "id": "x"}]
    query = "rename=Age:age&outputs=fare,label&ref_column=id&model=table"
    answer = table.client.post(f"/score?{query}", json=rows)
    assert answer.json == [{"ref": "x", "fare": 322, "label": EXPECTED[0]["label"]}]


def test_a_missing_column(table: Service) -> None:
    """It is refused with the names that were found, also if the column may have missing values."""
    answer = table.client.post("/score", json=[{"Age": 1, "sex": "male", "class": 1, "alive": 1}])
    detail = refused(table, answer, 422, "no-such-column")
    assert "no column 'age'" in detail
    assert "Age, sex, class, alive" in detail
    assert table.model.calls == []


def test_too_many_rows(settings: Settings) -> None:
    """More rows than a question may have are refused, with the advice to submit a job."""
    service = make_service(settings.model_copy(update={"small_rows": 2}), model=TableModel())
    assert "POST /jobs" in problem(service.client.post("/score", json=ROWS), 413, "too-large")


def test_texts(texts: Service) -> None:
    """A model that takes a text is scored too."""
    answer = texts.client.post("/score?text_column=review", json={"review": ["well", ""]})
    assert answer.json == [
        {"ref": 1, SCORE: length_score("well")},
        {"ref": 2, SCORE: None, "error": "the text is empty"},
    ]


def test_sentiment_refuses_a_table(table: Service) -> None:
    """`/sentiment` points at `/score`, and names the columns."""
    detail = refused(table, table.client.post("/sentiment", json=ROWS), 422, "takes-columns")
    assert "age, sex, class, alive" in detail
    assert "POST /score" in detail


def test_a_model_that_is_replaced_meanwhile(
    table: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are not scored by a model whose columns are not those that they were read for."""
    at = table.app.extensions["scorelane"]
    other = TableModel(version="00000000000b", inputs=tuple(reversed(table.model.card.inputs)))
    models = iter([at.model(None), Served(card=other.card, rate=1)])
    changing = replace(at)
    monkeypatch.setattr(type(at), "model", lambda *_: next(models))
    table.app.extensions["scorelane"] = changing
    table.fleet.replace(Served(card=other.card, rate=1))
    problem(table.client.post("/score", json=ROWS), 409, "model-changed")
    assert table.model.calls == []
