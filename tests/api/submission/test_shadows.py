"""Shadows: a challenger also scores a share of the jobs of the champion, apart from them."""

from functools import partial
from typing import Any

import pytest
from support.doubles.length_model import LengthModel
from support.dying import Died
from support.in_memory import Service, make_service

from shared.aliases import pointed
from shared.config.settings import Settings
from shared.errors.service import ServiceFull
from shared.jobs.shadow import SHADOW_LABEL, SHADOW_OWNER
from shared.model import SCORE

CHAMPION, CHALLENGER = "000000000001", "b00000000000"
CSV = b"ref,text\na,zz\nb,\nc,%s\n" % (b"z" * 80)


class Other(LengthModel):
    """A challenger: the score of a text is a tenth more, and it may be broken."""

    broken = False

    def score(self, frame: Any) -> Any:
        if self.broken:
            raise RuntimeError("broken")
        found = super().score(frame)
        return found.assign(**{SCORE: found[SCORE] + 0.1})


@pytest.fixture
def other() -> Other:
    return Other("length", CHALLENGER)


@pytest.fixture
def both(settings: Settings, other: Other) -> Service:
    service = make_service(settings, others=[other])
    for alias, version in (("champion", CHAMPION), ("challenger", CHALLENGER)):
        service.aliases.change("length", "me", partial(pointed, alias=alias, version=version))
    answer = service.client.put("/models/length/traffic?shadow=1")
    assert answer.json["shadow"] == 1
    return service


def jobs(service: Service) -> list[dict[str, Any]]:
    return list(service.client.get("/jobs").json["jobs"])


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_challenger_scores_a_job_too(both: Service, form: str) -> None:
    """The job has the champion's results alone; its summary compares them with the shadow's."""
    accepted = both.submit(CSV, model="length", format=form)
    assert len(jobs(both)) == 1
    rows = both.rows_of(accepted)
    assert [row[SCORE] for row in rows] == [0.02, None, 0.8]
    [job] = [one for one in jobs(both) if SHADOW_LABEL not in one["labels"]]
    [shadow] = [one for one in jobs(both) if SHADOW_LABEL in one["labels"]]
    assert job["model"]["version"] == CHAMPION
    assert (shadow["state"], shadow["model"]["version"]) == ("succeeded", CHALLENGER)
    assert shadow["labels"] == {SHADOW_LABEL: job["id"]}
    assert (shadow["priority"], shadow["owner"]) == ("low", SHADOW_OWNER)
    of_job = both.client.get(f"/jobs/{job['id']}/summary").json["comparison"]
    assert of_job == both.client.get(f"/jobs/{shadow['id']}/summary").json["comparison"]
    assert of_job["shadow"] == shadow["id"]
    [output] = of_job["outputs"]
    assert (output["rows"], output["unscored"]) == (2, 0)
    assert output["shift"]["mean"] == pytest.approx(0.1)


def test_it_begins_when_the_job_has_its_results(both: Service) -> None:
    """So it takes no time from the job, and one that is cancelled has none."""
    accepted = both.submit(CSV, model="length")
    both.client.post(f"{accepted.location}/cancel")
    both.work()
    assert len(jobs(both)) == 1


def test_a_broken_challenger_leaves_the_job_alone(both: Service, other: Other) -> None:
    """Its rows have errors, in the shadow alone."""
    other.broken = True
    rows = both.rows_of(both.submit(CSV, model="length", on_error="0.9"))
    assert [row["error"] for row in rows] == [None, "the text is empty", None]
    [shadow] = [one for one in jobs(both) if SHADOW_LABEL in one["labels"]]
    assert (shadow["state"], shadow["rows"]["failed"]) == ("succeeded", 3)


def test_a_shadow_that_has_no_room_is_left_out(both: Service) -> None:
    """The job succeeds without it, and its summary has no comparison."""
    accepted = both.submit(CSV, model="length")
    create = both.store.create

    def full(*_args: Any, **_more: Any) -> bool:
        raise ServiceFull(what="many jobs")

    both.store.create = full  # type: ignore[method-assign]
    both.rows_of(accepted)
    both.store.create = create  # type: ignore[method-assign]
    assert len(jobs(both)) == 1
    assert both.client.get(f"{accepted.location}/summary").json["comparison"] is None


def test_a_finish_that_is_repeated_makes_one_shadow(both: Service, settings: Settings) -> None:
    """The process may die between the shadow and the end of the job."""
    both.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    accepted = both.submit(CSV, model="length")
    move = both.store.move
    died = []

    def dies(job_id: str, state: Any, *args: Any, **more: Any) -> bool:
        if state == "succeeded" and not died:
            died.append(job_id)
            raise Died
        return move(job_id, state, *args, **more)

    both.store.move = dies  # type: ignore[method-assign]
    with pytest.raises(Died):
        both.work()
    both.pipeline.finish(died[0])
    both.work()
    assert len(jobs(both)) == 2
    assert both.client.get(accepted.location).json["state"] == "succeeded"


def test_a_job_is_deleted_with_its_shadow(both: Service) -> None:
    """Nothing of the rows stays."""
    accepted = both.submit(CSV, model="length")
    both.rows_of(accepted)
    assert both.client.delete(accepted.location).status_code == 204
    assert jobs(both) == []
    assert not list(both.blobs.folders("jobs/"))


def test_other_versions_have_no_shadow(both: Service) -> None:
    """Only the jobs of the champion have one, and retries have none."""
    both.rows_of(both.submit(CSV, model=f"length@{CHALLENGER}"))
    assert len(jobs(both)) == 1
    failed = both.submit(CSV, model="length", on_error="fail")
    both.work()
    retried = both.client.post(f"{failed.location}/retry?on_error=skip")
    both.rows_of(retried)
    assert len(jobs(both)) == 3
