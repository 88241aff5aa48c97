"""A retry: a new job that takes over the finished parts of one that failed or was cancelled."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from support.doubles.length_model import LengthModel, length_score
from support.doubles.table_model import TableModel
from support.in_memory import Service, make_service
from support.problems import problem

from shared.config.settings import Settings
from shared.fleet import Served

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * (row + 1)) for row in range(40))
SCORES = [length_score("z" * (row + 1)) for row in range(40)]


def steps(service: Service, count: int) -> None:
    for _ in range(count):
        service.step()


def cancelled(service: Service, after: int, **options: str) -> Any:
    """Return a job that was cancelled after some steps."""
    accepted = service.submit(CSV, **options)
    steps(service, after)
    return service.client.post(f"{accepted.location}/cancel").json


def retry(service: Service, job: Any, query: str = "") -> Any:
    answer = service.client.post(f"{job['links']['retry']}?{query}")
    assert answer.status_code == 202, answer.text
    assert answer.location == f"/jobs/{answer.json['id']}"
    assert answer.json["id"] != job["id"]
    assert answer.json["retry_of"] == job["id"]
    return answer.json


def scores(service: Service, job: Any) -> list[Any]:
    service.work()
    rows = service.client.get(f"{job['links']['results']}?format=json").json["rows"]
    return [row["Sentiment_Score"] for row in rows]


@pytest.mark.parametrize("after", range(11))
def test_finished_parts_are_not_scored_again(service: Service, after: int) -> None:
    """Wherever it was cancelled, every row is in the results once, and none is scored twice."""
    old = cancelled(service, after)
    new = retry(service, old)
    assert scores(service, new) == SCORES
    assert sum(service.model.calls) == 40
    assert service.client.get(old["links"]["self"]).json["state"] == "cancelled"
    job = service.client.get(new["links"]["self"]).json
    assert job["rows"] == {"total": 40, "completed": 40, "failed": 0}


def test_a_retry_can_be_retried(service: Service) -> None:
    """Also if it was cancelled before it had counted the parts that it took over."""
    first = cancelled(service, 7)
    second = retry(service, first)
    service.client.post(second["links"]["cancel"])
    third = retry(service, second)
    assert scores(service, third) == SCORES
    assert sum(service.model.calls) == 40


def test_a_job_that_failed_of_bad_rows_is_retried_with_other_terms(service: Service) -> None:
    """With the old terms it fails again at once; with others it goes on."""
    accepted = service.submit(CSV + b"40,\n", on_error="fail", label="a:b")
    service.work()
    old = service.client.get(accepted.location).json
    assert old["state"] == "failed"
    calls = sum(service.model.calls)
    new = retry(service, old)
    assert (new["on_error"], new["labels"]) == ("fail", {"a": "b"})
    service.work()
    assert service.client.get(new["links"]["self"]).json["state"] == "failed"
    assert sum(service.model.calls) == calls
    new = retry(service, old, "on_error=skip&label=c:d&retention_seconds=100")
    assert (new["on_error"], new["labels"]) == ("skip", {"c": "d"})
    assert scores(service, new) == [*SCORES, None]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_small_job_is_scored_again(service: Service, end: str) -> None:
    """Its rows are kept for a retry."""
    body = {"ref": ["a", "b"], "text": ["", "zz"]}
    accepted = service.client.post("/jobs?on_error=fail", json=body)
    if end == "cancelled":
        service.client.post(f"{accepted.location}/cancel")
    service.work()
    old = service.client.get(accepted.location).json
    assert old["state"] == end
    assert scores(service, retry(service, old, "on_error=skip")) == [None, 0.02]


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_what_has_not_failed_is_not_retried(service: Service, state: str) -> None:
    """A job that is waiting, running or done cannot be retried."""
    accepted = service.submit(CSV)
    steps(service, {"queued": 0, "running": 2, "succeeded": 12}[state])
    answer = service.client.post(f"{accepted.location}/retry")
    assert state in problem(answer, 409, "not-retryable")


def test_another_version_does_not_continue_a_job(service: Service) -> None:
    """A job has scores of one version; if no part is done, the current version takes it."""
    started, fresh = cancelled(service, 4), cancelled(service, 0)
    old = service.model.card
    other = LengthModel(version="000000000002").card
    service.fleet.replace(Served(card=other, rate=10))
    answer = service.client.post(started["links"]["retry"])
    assert f"{old.full_name}" in problem(answer, 409, "version-gone")
    assert retry(service, fresh)["model"]["version"] == other.version


class Doubled(LengthModel):
    """A version that scores a text as if it were twice as long."""

    def score(self, frame: Any) -> Any:
        return super().score(frame.assign(text=frame["text"] * 2))


DOUBLED = [length_score("z" * 2 * (row + 1)) for row in range(40)]


@pytest.fixture
def versions(settings: Settings) -> Service:
    """A service with two versions of its model."""
    return make_service(settings, others=[Doubled(version="000000000002")])


@pytest.mark.parametrize("kind", ["bulk", "small", "fresh"])
def test_another_version_scores_all_rows_again_if_it_is_named(versions: Service, kind: str) -> None:
    """Also those that the old version has scored: no job has scores of two versions."""
    named = "length@000000000001"
    if kind == "small":
        rows = {"text": ["z" * (row + 1) for row in range(40)]}
        accepted = versions.client.post(f"/jobs?model={named}", json=rows)
        old = versions.client.post(f"{accepted.location}/cancel").json
    else:
        old = cancelled(versions, 0 if kind == "fresh" else 6, model=named)
        assert (old["rows"]["completed"] > 0) is (kind == "bulk")
    for query, found in (("model=length@000000000002", DOUBLED), ("", SCORES)):
        new = retry(versions, old, query)
        version = "000000000002" if query else "000000000001"
        assert new["model"]["version"] == version
        assert scores(versions, new) == found
        assert versions.client.get(new["links"]["self"]).json["rows"]["completed"] == 40


def test_a_retry_of_a_version_that_is_gone_says_which_are_there(versions: Service) -> None:
    """Gone or removed: the message has the `model=` that scores all rows, and it works."""
    old = cancelled(versions, 6, model="length@000000000001")
    versions.fleet.unserved.add("length@000000000001")
    detail = problem(versions.client.post(old["links"]["retry"]), 409, "version-gone")
    assert "no worker serves length@000000000001 any more" in detail
    assert "Retry it with model=length@000000000002, which scores all rows again." in detail
    versions.fleet.unserved.clear()
    versions.client.delete("/models/length/versions/000000000001?force=true")
    detail = problem(versions.client.post(old["links"]["retry"]), 409, "version-gone")
    assert "length@000000000001 was removed" in detail
    assert scores(versions, retry(versions, old, "model=length@000000000002")) == DOUBLED


def test_a_retry_without_any_version(versions: Service) -> None:
    """It says which worker to start; a model of another name is refused in any case."""
    old = cancelled(versions, 6, model="length@000000000001")
    versions.fleet.announce("node", [Served(card=TableModel().card, rate=10)])
    answer = versions.client.post(f"{old['links']['retry']}?model=table")
    assert "the job is of length" in problem(answer, 400, "bad-option")
    versions.fleet.unserved |= {"length@000000000001", "length@000000000002"}
    detail = problem(versions.client.post(old["links"]["retry"]), 409, "version-gone")
    assert "Start a worker that has length@000000000001" in detail


def test_a_version_with_other_columns_scores_no_retry(versions: Service) -> None:
    """It is no candidate, and naming it is refused."""
    card = TableModel().card.model_copy(update={"name": "length", "version": "000000000003"})
    versions.fleet.replace(Served(card=card, rate=10), Served(card=versions.model.card, rate=10))
    old = cancelled(versions, 6, model="length@000000000001")
    answer = versions.client.post(f"{old['links']['retry']}?model=length@000000000003")
    detail = problem(answer, 409, "version-gone")
    assert "takes or gives other columns" in detail
    assert "Retry it without model=" in detail


def test_the_second_model_stays_that_of_the_job(settings: Settings) -> None:
    """Another version of the first one is compared with it; without it no retry can be."""
    others = [Doubled(version="000000000002"), Doubled("other", "000000000009")]
    service = make_service(settings, others=others)
    old = cancelled(service, 6, models="length@000000000001,other")
    new = retry(service, old, "model=length@000000000002")
    assert scores(service, new) == DOUBLED
    rows = service.client.get(f"{new['links']['results']}?format=json").json["rows"]
    assert [row["Sentiment_Score@other"] for row in rows] == DOUBLED
    service.fleet.unserved.add("other@000000000009")
    detail = problem(service.client.post(old["links"]["retry"]), 409, "version-gone")
    assert "the second model of the job" in detail


def test_an_old_version_that_is_still_served_goes_on(service: Service) -> None:
    """During a rolling update both versions are served."""
    started = cancelled(service, 4)
    other = LengthModel(version="000000000002").card
    service.fleet.announce("new", [Served(card=other, rate=10)])
    new = retry(service, started)
    assert new["model"]["version"] == started["model"]["version"]
    assert scores(service, new) == SCORES


def test_both_jobs_own_their_blobs(service: Service) -> None:
    """Deleting one job removes nothing of the other."""
    old = cancelled(service, 6)
    new, newer = retry(service, old), retry(service, old)
    service.client.delete(new["links"]["self"])
    service.client.delete(old["links"]["self"])
    assert scores(service, newer) == SCORES
    answer = service.client.post(old["links"]["retry"])
    problem(answer, 404, "job-not-found")


def test_how_long_an_upload_is_kept(service: Service) -> None:
    """The upload of a job that succeeded is deleted; that of others when they expire."""
    old = cancelled(service, 3)
    assert [key for key in service.blobs.contents if key.endswith("/kept")]
    assert not [key for key in service.blobs.contents if key.endswith("/upload")]
    service.work()
    service.scored(CSV)
    assert not [key for key in service.blobs.contents if key.endswith("/upload")]
    service.store._records[old["id"]].update(finished_at=1.0)
    service.reconciler.reconcile([])
    assert not [key for key in service.blobs.contents if key.endswith("/kept")]
    problem(service.client.post(old["links"]["retry"]), 410, "job-expired")


def test_a_job_that_is_not_settled_yet_can_be_retried(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its upload has not been moved yet."""
    with monkeypatch.context() as dying:
        dying.setattr("api.jobs.lookup.settle", lambda *_: None)
        old = cancelled(service, 5)
    assert scores(service, retry(service, old)) == SCORES


def test_rows_that_are_gone(service: Service) -> None:
    """The error says so, and nothing of the new job is left."""
    old = cancelled(service, 2)
    service.blobs.delete(service.store.get(old["id"]).spec.kept_key)
    before = set(service.blobs.contents)
    problem(service.client.post(old["links"]["retry"]), 410, "nothing-to-retry")
    assert set(service.blobs.contents) == before
    small = service.client.post("/jobs", json={"text": ["a"]})
    service.client.post(f"{small.location}/cancel")
    service.store._records[small.json["id"]].rows = b""
    problem(service.client.post(f"{small.location}/retry"), 410, "nothing-to-retry")


@pytest.mark.parametrize("after", [0, 2, 5])
def test_a_retry_outlives_a_loss_of_the_job_store(service: Service, after: int) -> None:
    """Like any other job it is restored, and so is the job that it repeats."""
    old = cancelled(service, 6)
    new = retry(service, old)
    steps(service, min(after, len(service.dispatch.messages)))
    service.lose()
    service.reconcile()
    assert scores(service, new) == SCORES
    assert sum(service.model.calls) == 40
    assert service.client.get(new["links"]["self"]).json["retry_of"] == old["id"]
    assert service.client.get(old["links"]["self"]).json["state"] == "cancelled"


@pytest.mark.parametrize("query", ["on_error=stop", "retention_seconds=1", "label=x"])
def test_terms_that_are_refused(service: Service, query: str) -> None:
    """No job is made."""
    old = cancelled(service, 1)
    problem(service.client.post(f"{old['links']['retry']}?{query}"), 400, "bad-option")
    answer = service.client.post(f"{old['links']['retry']}?charset=latin-1")
    assert "on_error" in problem(answer, 400, "unknown-option")
    assert len(service.client.get("/jobs").json["jobs"]) == 1


@pytest.mark.parametrize("after", [0, 1, 4, 8])
def test_a_parquet_upload_is_kept_as_others_are(service: Service, after: int) -> None:
    """The rows that the old job had converted are converted again, and cut in the same way."""
    texts = ["z" * (row + 1) for row in range(40)]
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"text": texts}), file)
    kind = {"content_type": "application/vnd.apache.parquet"}
    accepted = service.client.post("/jobs", data=file.getvalue(), **kind)
    assert accepted.status_code == 202, accepted.text
    steps(service, after)
    old = service.client.post(f"{accepted.location}/cancel").json
    assert scores(service, retry(service, old)) == SCORES
    assert sum(service.model.calls) == 40
