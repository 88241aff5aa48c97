"""The steps of a worker: twice, out of order, for jobs that are gone, with failing models."""

import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.doubles.length_model import LengthModel, length_score
from support.in_memory import Service

from shared.config.settings import Settings
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import Question
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.signature import SENTIMENT
from shared.tables.csv_results import parse
from shared.tables.layouts import NDJSON
from shared.tables.stored_rows import write_rows
from worker.steps import bisection, crash_search

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (at, b"z" * (at + 1)) for at in range(20))


def results(service: Service, location: str) -> list[float | None]:
    rows = service.client.get(f"{location}/results?format=json").json["rows"]
    return [row["Sentiment_Score"] for row in rows]


def test_repeated_messages_count_once(service: Service) -> None:
    """Messages that come twice and in another order change no row and no count."""
    accepted = service.submit(CSV)
    while service.dispatch.messages:
        task, *args = service.dispatch.messages.pop()
        getattr(service.pipeline, task)(*args)
        getattr(service.pipeline, task)(*args)
    job = service.client.get(accepted.location).json
    assert (job["state"], job["rows"]["completed"]) == ("succeeded", 20)
    assert results(service, accepted.location) == [length_score("z" * n) for n in range(1, 21)]


def test_messages_after_the_end_do_nothing(service: Service) -> None:
    """A split, score or finish that comes after the end of its job changes nothing."""
    accepted = service.submit(CSV)
    service.work()
    before = service.client.get(accepted.location).json
    calls = len(service.model.calls)
    job_id = accepted.json["id"]
    service.pipeline.split(job_id)
    service.pipeline.score(job_id, 0)
    service.pipeline.finish(job_id)
    assert service.client.get(accepted.location).json == before
    assert len(service.model.calls) == calls
    assert not service.dispatch.messages


def test_a_split_goes_on_where_another_died(service: Service) -> None:
    """A second split continues after the recorded parts, and cuts as the first would have."""
    accepted = service.submit(CSV)
    job_id = accepted.json["id"]
    service.store.move(job_id, State.RUNNING)
    job = service.store.get(job_id)
    first = next(service.pipeline._splitter.cut(job.spec, 0, None))
    service.store.add_parts(job_id, [first], known=0, last=False, lanes=0)
    service.work()
    assert [part.rows for part in service.store.parts(job_id, 0, 9)] == [4] * 5
    assert results(service, accepted.location) == [length_score("z" * n) for n in range(1, 21)]


def test_a_text_that_the_model_raises_on_is_an_error_in_its_row(service: Service) -> None:
    """The texts on which the model raises are found; all others of the part get their scores."""
    texts = ["good", "raise", "good", "good", "raise", "raise", "nothing", "good"]
    rows = service.scored("\n".join(["text", *texts]).encode())
    assert [row["Sentiment_Score"] for row in rows] == [
        0.04 if text == "good" else None for text in texts
    ]
    for row, text in zip(rows, texts, strict=True):
        if text == "raise":
            assert row["error"] == "the model could not score this text: ValueError"


def test_a_model_that_always_raises_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `MAX_RAISED` exceptions the rows without a score get an error."""
    monkeypatch.setattr(bisection, "MAX_RAISED", 4)
    frame = pd.DataFrame({"text": ["raise"] * 64})
    [scores], reasons = bisection.score_frame(service.model, frame, SENTIMENT.outputs, "text")
    assert len(service.model.calls) <= 4 + 6
    assert np.isnan(scores).all()
    assert set(reasons) == set(range(64))
    assert set(reasons.values()) == {"the model could not score this row's part: ValueError"}


def test_a_text_without_a_score_is_an_error(service: Service) -> None:
    """If a model gives no number for a text, its row gets an error."""
    rows = service.scored(b"text\ngood\nnothing\n")
    assert rows[0]["Sentiment_Score"] == 0.04
    assert rows[1]["error"] == "the model gave no number for this text"


def test_a_part_that_never_ends_is_given_up(service: Service, settings: Settings) -> None:
    """After all attempts the rows of the part get an error, and the job ends."""
    accepted = service.submit(CSV)
    job_id = accepted.json["id"]
    service.pipeline.split(job_id)
    deaths = settings.max_attempts + crash_search.SEARCH_ATTEMPTS
    for _ in range(deaths):
        service.store.begin_part(job_id, 1)
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == "succeeded"
    assert job["rows"] == {"total": 20, "completed": 16, "failed": 4}
    scores = results(service, accepted.location)
    assert scores[4:8] == [None] * 4
    assert None not in scores[:4] + scores[8:]


@pytest.mark.parametrize("fatal", [{0}, {137}, {999}, {3, 4, 700}])
def test_rows_that_kill_their_process_are_found(service: Service, fatal: set[int]) -> None:
    """After a bounded number of deaths they have an error, and every other row has its score."""
    texts = ["deadly" if row in fatal else "z" * (row % 90 + 1) for row in range(1000)]
    accepted = service.submit("\n".join(["text", *texts]).encode())
    service.pipeline._part_scorer._rows._models = {service.model.card.full_name: Deadly()}
    deaths = 0
    while service.dispatch.messages:
        task, *args = message = service.dispatch.messages.popleft()
        try:
            getattr(service.pipeline, task)(*args)
        except SystemExit:
            deaths += 1
            service.dispatch.messages.append(message)
    job = service.client.get(accepted.location).json
    assert job["rows"] == {"total": 1000, "completed": 1000 - len(fatal), "failed": len(fatal)}
    answer = service.client.get(f"{accepted.location}/results?format=json&limit=1000")
    for row, text in zip(answer.json["rows"], texts, strict=True):
        if text == "deadly":
            assert row["error"] == "scoring this text ended the worker's process"
        else:
            assert (row["Sentiment_Score"], row["error"]) == (length_score(text), None)
    assert deaths <= len(fatal) * (3 + 2)


class Deadly(LengthModel):
    """Ends its process if a text is `deadly`."""

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        if (frame["text"] == "deadly").any():
            raise SystemExit
        return super().score(frame)


def test_a_lost_upload_fails_the_job(service: Service) -> None:
    """A job whose upload is gone fails with that reason, before and after its split."""
    for before_split in (True, False):
        accepted = service.submit(CSV)
        if not before_split:
            service.pipeline.split(accepted.json["id"])
        service.blobs.contents.clear()
        service.work()
        job = service.client.get(accepted.location).json
        assert job["state"] == "failed"
        assert "not in the blob store" in job["error"]


def test_long_rows_make_smaller_parts(service: Service) -> None:
    """Parts are limited in bytes too, so that long texts do not make a part take long."""
    service.scored(b"text\n" + (b"w" * 400 + b"\n") * 16)
    assert service.model.calls == [3, 3, 3, 3, 3, 1]


def test_waiting_small_jobs_are_scored_in_one_call(service: Service) -> None:
    """The small jobs that wait are scored as one DataFrame, and each gets its own rows."""
    sent = [["a"], ["bb", "ccc"], ["dddd"]]
    jobs = [service.client.post("/jobs", json={"text": texts}) for texts in sent]
    assert len(service.dispatch.messages) == 1
    service.work()
    assert service.model.calls == [4]
    for texts, job in zip(sent, jobs, strict=True):
        assert results(service, job.location) == [length_score(text) for text in texts]


def test_the_doorbell_is_rung_for_the_rest_of_a_full_batch(service: Service) -> None:
    """A batch is bounded; the small jobs that do not fit are taken at the next ring."""
    scorer = service.pipeline._small_job_scorer
    scorer._settings = scorer._settings.model_copy(update={"batch_rows": 4})
    jobs = [service.client.post("/jobs", json={"text": ["a", "b", "c"]}) for _ in range(3)]
    service.work()
    assert service.model.calls == [3, 3, 3]
    assert all(service.client.get(job.location).json["state"] == "succeeded" for job in jobs)


def test_a_fatal_row_of_a_small_job_is_found(service: Service) -> None:
    """As in a bulk job, it gets an error, and the other rows get their scores."""
    texts = [f"text {row}" for row in range(40)]
    texts[17] = "deadly"
    content = write_rows([(str(row), text) for row, text in enumerate(texts)])
    spec = Spec(
        id=new_job_id(),
        model="length",
        version="000000000001",
        kind="small",
        layout=NDJSON,
        size=len(content),
    )
    service.store.create(Job(spec=spec, created_at=time.time(), total=40), content)
    service.pipeline._part_scorer._rows._models = {service.model.card.full_name: Deadly()}
    for _ in range(10):
        with suppress(SystemExit):
            service.pipeline.answer(spec.full_name)
            break
        service.store._records[spec.id].claim = 0.0
        assert service.store.return_small() == [spec.full_name]
    rows = service.client.get(f"/jobs/{spec.id}/results?format=json").json["rows"]
    assert rows.pop(17)["error"] == "scoring this text ended the worker's process"
    assert [row["Sentiment_Score"] for row in rows] == [
        length_score(text) for text in texts if text != "deadly"
    ]


def test_a_question_that_kills_its_processes_is_given_up(
    service: Service, settings: Settings
) -> None:
    """A question has no record, so its fatal row cannot be searched: every row gets an error."""
    question = Question(new_job_id(), write_rows([("1", "deadly")]), 1, "here")
    service.store.ask(service.model.card.full_name, replace(question, asked=settings.max_attempts))
    service.pipeline.answer(service.model.card.full_name)
    [(_, result)] = service.store.listen("here", 1)
    assert "did not end in 3 attempts" in parse(result)[0]["error"]


def test_a_slow_model_gets_smaller_batches(service: Service) -> None:
    """A batch of small jobs is what the model scores in a second; the rest is the next batch."""
    jobs = [service.client.post("/jobs", json={"text": ["a", "b"]}) for _ in range(3)]
    service.pipeline._small_job_scorer._rates = {service.model.card.full_name: 4.0}
    service.work()
    assert service.model.calls == [4, 2]
    assert all(service.client.get(job.location).json["state"] == "succeeded" for job in jobs)


def test_the_reconciler_dispatches_lost_work_again(service: Service) -> None:
    """Messages that are lost at any step are sent again, until the jobs have ended."""
    service.store._settings = service.store._settings.model_copy(update={"lease_seconds": -1.0})
    accepted = service.submit(CSV)
    small = service.client.post("/jobs", json={"text": ["a"]})
    service.dispatch.messages.clear()
    for _ in range(30):
        service.reconcile()
        if not service.dispatch.messages:
            break
        task, *args = service.dispatch.messages.pop()
        service.dispatch.messages.clear()  # every other message is lost
        getattr(service.pipeline, task)(*args)
    assert service.client.get(small.location).json["state"] == "succeeded"
    assert service.client.get(accepted.location).json["state"] == "succeeded"
    assert results(service, accepted.location) == [length_score("z" * n) for n in range(1, 21)]


def test_the_reconciler_leaves_other_jobs_alone(service: Service) -> None:
    """Nothing is dispatched for a job whose leases have not run out."""
    service.submit(CSV)
    service.dispatch.messages.clear()
    service.reconcile()
    assert not service.dispatch.messages


def test_the_reconciler_deletes_expired_jobs(service: Service) -> None:
    """After the retention a job answers 410, and its blobs are deleted."""
    accepted = service.submit(CSV)
    service.work()
    service.store._settings = service.store._settings.model_copy(update={"retention_seconds": -1.0})
    service.reconciler.reconcile([])
    assert service.client.get(accepted.location).status_code == 410
    assert service.blobs.contents == {}
