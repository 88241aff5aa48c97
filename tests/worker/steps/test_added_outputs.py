"""Outputs that a job adds to those of its model: every format, page and summary has them."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet
import pytest
from support.doubles.explained_length import ExplainedLength, explanation
from support.doubles.length_model import LengthModel, length_score
from support.in_memory import Service, make_service
from support.problems import problem

from shared.card import Card
from shared.config.settings import Settings
from shared.fleet import Served
from shared.jobs.added_outputs import Explanation, with_added
from shared.jobs.spec import Spec
from shared.signature import SENTIMENT, Output
from worker.models.loaded_models import LoadedModel

TEXTS = ["a fine film", "fine", "=1+1 is 'quoted', \"twice\"", "x"]
CSV = b"ref,text\n" + b"".join(
    b'%d,"%s"\n' % (at, text.replace('"', '""').encode()) for at, text in enumerate(TEXTS)
)
EXPECTED = [
    {"ref": str(at), "Sentiment_Score": length_score(text), "error": None} | explanation(text, 2)
    for at, text in enumerate(TEXTS)
]
NAMES = [
    *("explanation_1", "effect_1", "explanation_2", "effect_2"),
    *("other_effects", "base_value", "explained_class"),
]


@pytest.fixture
def explaining(settings: Settings) -> Service:
    return make_service(settings, model=ExplainedLength())


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
def test_every_format_has_the_added_outputs(explaining: Service, own_format: str) -> None:
    """After those of the model, before the error; what a row does not have is empty or null."""
    accepted = explaining.submit(CSV, explain="2", format=own_format)
    assert explaining.rows_of(accepted) == EXPECTED
    url = f"{accepted.location}/results"
    lines = explaining.client.get(f"{url}?format=ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == EXPECTED
    file = io.BytesIO(explaining.client.get(f"{url}?format=parquet").data)
    table = pyarrow.parquet.read_table(file)
    assert table.to_pylist() == EXPECTED
    assert table.column_names == ["ref", "Sentiment_Score", *NAMES, "error"]
    types = [str(table.schema.field(name).type) for name in NAMES]
    assert types == ["string", "double", "string", "double", "double", "double", "string"]
    header, *rows = csv.reader(io.StringIO(explaining.client.get(f"{url}?format=csv").text))
    assert header == table.column_names
    assert rows[3][2:] == ["x", "0.01", "", "", "0.0", "", "", ""]
    assert rows[2][2] == "'quoted',"


def test_the_job_and_its_summary_name_the_added_outputs(explaining: Service) -> None:
    """Explanations and effects are only counted, without the missing ones."""
    accepted = explaining.submit(CSV, explain="2")
    outputs = explaining.client.get(accepted.location).json["outputs"]
    assert [one["name"] for one in outputs] == ["Sentiment_Score", *NAMES]
    explaining.work()
    summary = explaining.client.get(f"{accepted.location}/summary").json
    found = {one["name"]: one for one in summary["outputs"]}
    assert found["effect_2"]["count"] == 2
    assert (found["effect_1"]["count"], found["effect_1"]["labels"]) == (4, [])
    assert found["base_value"]["count"] == 0
    assert (found["explanation_1"]["count"], found["explanation_1"]["labels"]) == (4, [])
    assert found["explanation_2"]["count"] == 2


def test_a_stored_result_counts_as_it_was_scored(settings: Settings) -> None:
    """A part whose process died after it was written is counted from its bytes."""
    in_one_part = settings.model_copy(update={"min_part_rows": 100})
    explaining = make_service(in_one_part, model=ExplainedLength())
    for own_format in ("csv", "ndjson"):
        accepted = explaining.submit(CSV, explain="2", format=own_format)
        job_id = accepted.location.rpartition("/")[2]
        explaining.work()
        spec = explaining.store.get(job_id).spec
        scorer = explaining.pipeline._part_scorer
        [part] = explaining.store.parts(job_id, 0, 1)
        begun: Any = type("Begun", (), {"part": part, "perhaps_done": True})
        counts = scorer.score(spec, 0, begun).counts
        assert counts.completed == len(TEXTS)
        outcome = explaining.store.outcome(job_id)
        assert counts.summary == outcome.summary


def test_a_few_rows_are_a_bulk_job(explaining: Service) -> None:
    """Small jobs are scored together with the outputs of the model alone."""
    rows = [{"ref": "0", "text": TEXTS[0]}, {"ref": "1", "text": TEXTS[1]}]
    accepted = explaining.client.post("/jobs?explain=2", json=rows)
    assert explaining.rows_of(accepted) == EXPECTED[:2]


def test_a_row_that_has_no_explanation_has_an_error(explaining: Service) -> None:
    """It is found like one that cannot be scored, and the others keep theirs."""
    content = CSV + b"9,unexplained\n10,raise\n"
    rows = explaining.scored(content, explain="2")
    assert rows[:4] == EXPECTED
    errors = [row["error"] for row in rows[4:]]
    assert errors == [
        "the model could not score this text: RuntimeError",
        "the model could not score this text: ValueError",
    ]
    assert {rows[4][name] for name in ("Sentiment_Score", *NAMES)} == {None}


def test_some_outputs_of_the_model_with_added_ones(explaining: Service) -> None:
    """`outputs=` chooses among the model's own outputs; the added ones follow."""
    rows = explaining.scored(CSV, explain="2", outputs="Sentiment_Score")
    assert rows == EXPECTED
    answer = explaining.submit(CSV, outputs="explanation_1", explain="2")
    assert "the model gives Sentiment_Score" in problem(answer, 400, "bad-option")


def test_a_model_without_explanations_is_refused(service: Service) -> None:
    """Before a job is recorded, with the place that says which models have them."""
    answer = service.submit(CSV, explain="3")
    assert "GET /models" in problem(answer, 400, "bad-option")


def test_the_refusal_names_the_reason_that_the_worker_knows(service: Service) -> None:
    """Such as that a library has no contributions for trees of this kind."""
    model: Any = LengthModel()
    model.unexplained = "its trees are not symmetric"
    service.fleet.replace(LoadedModel(model, 10.0).served)
    said = problem(service.submit(CSV, explain="3"), 400, "bad-option")
    assert "cannot be explained: its trees are not symmetric; `explained_by` in" in said


@pytest.mark.parametrize("value", ["0", "21", "three", "-1", "2.0", "99999999999999999999"])
def test_the_number_of_terms_is_checked(explaining: Service, value: str) -> None:
    """It is a number from 1 to 20."""
    assert "from 1 to 20" in problem(explaining.submit(CSV, explain=value), 400, "bad-option")


def test_a_carried_column_cannot_have_the_name_of_an_added_output(explaining: Service) -> None:
    """The results cannot have two columns of one name."""
    content = b"text,effect_1\nfine,2\n"
    answer = explaining.submit(content, explain="1", columns="effect_1")
    assert "effect_1" in problem(answer, 422, "column-taken")
    assert explaining.submit(content, columns="effect_1").status_code == 202


def test_a_retry_has_the_same_outputs(explaining: Service) -> None:
    """Also with the next version of the model, if that can be explained too."""
    accepted = explaining.submit(CSV, explain="2")
    explaining.client.post(f"{accepted.location}/cancel")
    other = LengthModel(version="000000000002").card
    explaining.fleet.replace(Served(card=other, rate=10))
    answer = explaining.client.post(f"{accepted.location}/retry")
    assert "cannot be explained" in problem(answer, 400, "bad-option")
    served = Served(card=other, rate=10, explained_by="linear")
    explaining.fleet.replace(served)
    new = explaining.client.post(f"{accepted.location}/retry").json
    assert [one["name"] for one in new["outputs"]] == ["Sentiment_Score", *NAMES]
    explaining.fleet.replace(Served(card=explaining.model.card, rate=10, explained_by="linear"))
    again = explaining.client.post(f"{accepted.location}/retry")
    assert explaining.rows_of(again) == EXPECTED


def test_specs_of_older_releases_have_no_added_outputs() -> None:
    """They are read as before, and what they do not have takes no room in a digest of a card."""
    spec = Spec.model_validate(
        {
            "id": "1",
            "model": "m",
            "version": "1",
            "kind": "bulk",
            "layout": {"format": "ndjson"},
            "size": 1,
        }
    )
    assert spec.added == ()
    assert "required" not in Output(name="a").model_dump()
    assert Output(name="a", required=False).model_dump()["required"] is False
    added = spec.model_copy(update={"added": (Explanation(terms=2),)})
    assert Spec.model_validate_json(added.model_dump_json()) == added


def test_two_outputs_of_one_name_are_refused() -> None:
    """A model may have an output with the name of an added one."""
    card = Card.model_validate(
        LengthModel().card.model_dump() | {"outputs": [{"name": "effect_1"}]}
    )
    with pytest.raises(ValueError, match="'effect_1'"):
        with_added(card.signature, (Explanation(terms=1),))
    assert len(with_added(SENTIMENT, (Explanation(terms=2),)).outputs) == 8
