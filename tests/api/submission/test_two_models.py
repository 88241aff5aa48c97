"""One job that two models score: its columns, its summary, and what is refused."""

from functools import partial
from typing import Any

import pytest
from support.doubles.length_model import LengthModel, length_score
from support.doubles.table_model import TableModel
from support.in_memory import Service, make_service

from scorelane.commands.common.comparison_lines import comparison_lines
from shared.aliases import pointed
from shared.config.settings import Settings
from shared.fleet import Served, Worker
from shared.model import SCORE

CSV = b"ref,text,truth\na,zz,0.1\nb,raise,0.9\nc,,0.9\nd,%s,1\ne,%s,0.5\n" % (b"z" * 60, b"z" * 50)


class Longer(LengthModel):
    """Scores a text as if it were twice as long; raises for `zz`."""

    def score(self, frame: Any) -> Any:
        if (frame["text"] == "zz").any():
            raise RuntimeError("this text is too short")
        doubled = frame.assign(
            text=frame["text"].where(frame["text"] == "raise", frame["text"] * 2)
        )
        return super().score(doubled)


@pytest.fixture
def two(settings: Settings) -> Service:
    return make_service(settings, others=[Longer("longer", "00000000000b"), TableModel()])


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_each_row_has_the_values_of_both(two: Service, form: str) -> None:
    """The results are those of the first model; a row that only the second cannot score keeps them.

    A row that the first cannot score has an error, and nothing of the second.
    """
    rows = two.scored(CSV, models="length,longer", format=form)
    by_ref = {row["ref"]: row for row in rows}
    assert list(rows[0]) == ["ref", SCORE, f"{SCORE}@longer", "error@longer", "error"]
    assert by_ref["a"][SCORE] == length_score("zz")
    assert by_ref["a"][f"{SCORE}@longer"] is None
    assert "could not score this text: RuntimeError" in by_ref["a"]["error@longer"]
    assert by_ref["a"]["error"] is None
    assert by_ref["b"]["error"]
    assert by_ref["c"]["error"] == "the text is empty"
    assert [by_ref["c"][name] for name in list(rows[0])[1:4]] == [None, None, None]
    assert (by_ref["d"][SCORE], by_ref["d"][f"{SCORE}@longer"]) == (0.6, 1.0)
    assert by_ref["d"]["error@longer"] is None


def test_the_summary_compares_them(two: Service) -> None:
    """It counts rows with both values, and says which model the labels agree with."""
    accepted = two.submit(CSV, models="length,longer", label_column="truth")
    rows = two.rows_of(accepted)
    assert [row["truth"] for row in rows] == ["0.1", "0.9", "0.9", "1", "0.5"]
    job = two.client.get(accepted.location).json
    assert job["second_model"] == {
        "name": "longer",
        "version": "00000000000b",
        "suffix": "@longer",
        "label_column": "truth",
    }
    receipt = two.client.get(f"{accepted.location}/receipt").json
    assert receipt["second_model"] == {"name": "longer", "version": "00000000000b"}
    [found] = two.client.get(f"{accepted.location}/summary").json["comparison"]["outputs"]
    assert (found["rows"], found["unscored"], found["equal"]) == (2, 1, 0.0)
    assert (found["name"], found["second_name"]) == (SCORE, f"{SCORE}@longer")
    assert found["same_side"] == 1.0
    assert found["shift"]["mean"] == pytest.approx(0.45)
    assert [one["ref"] for one in found["largest"]] == ["e", "d"]
    test = found["test"]
    assert (test["rows"], test["neutral"], test["first"], test["second"]) == (1, 1, 1.0, 1.0)
    assert test["p"] == 1.0


def test_the_command_line_says_how_they_differ(two: Service) -> None:
    """The lines of `scorelane summary` have agreement, shift, largest differences and the test."""
    accepted = two.submit(CSV, models="length,longer", label_column="truth")
    two.rows_of(accepted)
    summary = two.client.get(f"{accepted.location}/summary").json
    assert list(comparison_lines(summary)) == [
        "",
        f"{SCORE}@longer (by longer@00000000000b) and {SCORE}:",
        "  2 rows by both, 1 only by the first",
        (
            "  the same value 0.00%, the same side 100.00%, within 0.01 0.00%, within 0.05 0.00%, "
            "within 0.1 0.00%"
        ),
        "  the second is +0.45 off in the mean, with a standard deviation of 0.0707107",
        "  row 5, ref e: 0.5 and 1",
        "  row 4, ref d: 0.6 and 1",
        "  by truth, 1 rows (1 neutral left out):",
        "  the first is right in 100.00%, the second in 100.00%",
        "  the second is right +0.00% more often (-92.39% to +92.39%), p = 1: not significant",
    ]
    assert list(comparison_lines({"comparison": None})) == []


def test_a_dry_run_takes_two_models(two: Service) -> None:
    """It refuses what a job would be refused for, and makes none."""
    answer = two.submit(CSV, models="length,longer", label_column="truth", validate="true")
    assert answer.status_code == 200, answer.text
    refused = two.submit(CSV, models="length,table", validate="true")
    assert refused.status_code == 400
    assert not two.dispatch.messages


def test_a_stored_part_is_counted_as_it_was(two: Service) -> None:
    """If the mark of a part is lost, its comparison is counted from the stored result."""
    first = two.submit(CSV, models="length,longer", label_column="truth")
    two.rows_of(first)
    summary = two.client.get(f"{first.location}/summary").json["comparison"]
    two.lose()
    two.store.forget()
    two.reconcile()
    two.work()
    assert two.client.get(f"{first.location}/summary").json["comparison"] == summary


def test_few_rows_of_json_are_a_job_of_parts(two: Service) -> None:
    """Small jobs are scored together with others of their model, so these are none."""
    accepted = two.client.post("/jobs?models=length,longer", json={"text": ["z" * 10]})
    [row] = two.rows_of(accepted)
    assert (row[SCORE], row[f"{SCORE}@longer"]) == (0.1, 0.2)


def test_versions_of_one_model_are_told_apart(settings: Settings) -> None:
    """The columns of the second have its alias, or its version, in their names."""
    service = make_service(settings, others=[Longer("length", "b00000000000")])
    pointed_at = {"champion": "000000000001", "challenger": "b00000000000"}
    for alias, version in pointed_at.items():
        service.aliases.change("length", "me", partial(pointed, alias=alias, version=version))
    rows = service.scored(CSV, models="length,length@challenger")
    assert (rows[3][SCORE], rows[3][f"{SCORE}@challenger"]) == (0.6, 1.0)
    rows = service.scored(CSV, models="length@challenger,length@0000")
    assert (rows[3][SCORE], rows[3][f"{SCORE}@000000000001"]) == (1.0, 0.6)
    answer = service.submit(CSV, models="length,length@champion")
    assert "both are length@000000000001" in answer.json["detail"]


def test_a_retry_needs_both_models(two: Service) -> None:
    """It keeps both; without the second one it is refused, and says which model is missing."""
    accepted = two.submit(CSV, models="length,longer", on_error="fail")
    two.work()
    assert two.client.get(accepted.location).json["state"] == "failed"
    retried = two.client.post(f"{accepted.location}/retry?on_error=skip")
    rows = two.rows_of(retried)
    assert rows[3][f"{SCORE}@longer"] == 1.0
    two.fleet.unserved.add("longer@00000000000b")
    refused = two.client.post(f"{accepted.location}/retry?on_error=skip")
    assert refused.status_code == 409
    assert "no worker serves longer@00000000000b" in refused.json["detail"]


def test_the_first_model_goes_on_alone_if_the_second_is_gone(
    two: Service, settings: Settings
) -> None:
    """A part waits for a process with both models; once the second was replaced, no longer."""
    two.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    accepted = two.submit(CSV, models="length,longer")
    del two.pipeline._models["longer@00000000000b"]
    two.work()
    job = two.client.get(accepted.location).json
    assert "has not loaded longer@00000000000b" in job["detail"]
    two.fleet.replaced["longer@00000000000b"] = 1e9
    two.reconcile()
    rows = two.rows_of(accepted)
    assert rows[3][SCORE] == 0.6
    assert rows[3]["error@longer"] == "longer@00000000000b is not served any more"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"models": "length"}, "the names of two models"),
        ({"models": "length,longer,third"}, "the names of two models"),
        ({"models": "length,longer", "model": "length"}, "models= names the models already"),
        ({"label_column": "truth"}, "name them with models="),
        ({"models": "length,longer", "label_column": "ref"}, "the column has the references"),
        ({"models": "length,table"}, "it takes the column age (double)"),
        ({"models": "length,other"}, "no worker serves both"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    two: Service, options: dict[str, str], reason: str
) -> None:
    """Before a job exists, with what is wrong."""
    served = [one.card.full_name for one in two.fleet.models().values()]
    two.fleet.describe(worker_of("a", served))
    two.fleet._served["other"] = Served(card=Longer("other", "00000000000c").card, rate=10)
    answer = two.submit(CSV, **options)
    assert answer.status_code == 400, answer.text
    assert reason in answer.json["detail"]
    assert not two.dispatch.messages


def test_a_missing_label_column_is_refused(two: Service) -> None:
    """Also if all columns are carried."""
    answer = two.submit(CSV, models="length,longer", label_column="label", columns="all")
    assert answer.status_code == 422
    assert "with the option label_column" in answer.json["detail"]


def worker_of(name: str, models: list[str]) -> Worker:
    return Worker(
        name=name,
        host="here",
        release="1",
        libraries={},
        models=models,
        processes=[1],
        memory=1,
        started_at=0,
        clock_ahead=0,
    )


def test_models_of_two_environments_are_not_compared(two: Service) -> None:
    """A worker that serves the first alone would take parts that it cannot score."""
    served = [one.card.full_name for one in two.fleet.models().values()]
    two.fleet.describe(worker_of("a", served))
    apart = {"models": [served[0]], "declined": {"longer@00000000000b": "here, numpy 1.26"}}
    two.fleet.describe(worker_of("b", []).model_copy(update=apart))
    answer = two.submit(CSV, models=f"{served[0]},longer")
    assert answer.status_code == 400, answer.text
    assert "(here, numpy 1.26): score the rows with each" in answer.json["detail"]
    assert two.submit(CSV, models=f"longer,{served[0]}").status_code == 202
