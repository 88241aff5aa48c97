"""Requests for something that does not exist, or not yet."""

import pytest
from support.in_memory import Service
from support.problems import problem

from shared.jobs.job_ids import new_job_id


@pytest.mark.parametrize("call", ["get", "delete"])
@pytest.mark.parametrize(
    ("job_id", "code"),
    [(new_job_id(), "job-not-found"), ("12", "malformed-job-id"), ("..%2e", "malformed-job-id")],
)
def test_ids_that_name_no_job(service: Service, call: str, job_id: str, code: str) -> None:
    """An unknown id and a malformed one are both a 404 that says which it is."""
    answer = getattr(service.client, call)(f"/jobs/{job_id}")
    assert "GET /jobs" in problem(answer, 404, code)


def test_results_before_the_end(service: Service) -> None:
    """The results of a running job are a 409 with a `Retry-After`."""
    accepted = service.submit(b"text\na\n")
    answer = service.client.get(f"{accepted.location}/results")
    assert "still queued" in problem(answer, 409, "job-not-finished")
    assert int(answer.headers["Retry-After"]) >= 1


def test_cancel_after_the_end(service: Service) -> None:
    """A job that has ended cannot be cancelled; the error says how it ended."""
    accepted = service.submit(b"text\na\n")
    service.work()
    answer = service.client.post(f"{accepted.location}/cancel")
    assert "already succeeded" in problem(answer, 409, "job-ended")


def test_no_worker_serves_the_model(service: Service) -> None:
    """A job that no worker can score now is accepted, waits, and says why."""
    service.fleet.leave("all")
    accepted = service.submit(b"text\na\n")
    assert accepted.status_code == 202
    assert "No worker serves length@" in service.client.get(accepted.location).json["detail"]
    answer = service.client.post("/sentiment", json={"text": ["a"]})
    assert "No worker serves length@" in problem(answer, 503, "no-worker")
    assert answer.headers["Retry-After"]


def test_no_worker_answers_in_time(service: Service) -> None:
    """The wait for an answer ends with an error, and leaves no work behind."""
    answer = service.client.post("/sentiment", json={"text": ["a"]})
    assert "POST /jobs" in problem(answer, 503, "no-answer-in-time")
    service.work()
    assert service.model.calls == []


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=0", "limit=99999", "offset=1.5", "limit=\u0663"]
)
def test_options_of_a_page(service: Service, query: str) -> None:
    """Bad options of a page are refused; the error says what they may be."""
    accepted = service.submit(b"text\na\n")
    service.work()
    answer = service.client.get(f"{accepted.location}/results?format=json&{query}")
    assert "must be" in problem(answer, 400, "bad-option")
    answer = service.client.get(f"{accepted.location}/results?format=xml")
    assert "must be" in problem(answer, 400, "bad-option")


def test_a_cursor_that_was_never_given(service: Service) -> None:
    """A cursor must come from a page."""
    assert "next" in problem(service.client.get("/jobs?cursor=zz"), 400, "bad-option")


def test_addresses_and_methods_that_are_not_there(service: Service) -> None:
    """Errors that Flask raises are problems too."""
    problem(service.client.get("/nothing"), 404, "not-found")
    answer = service.client.put("/jobs")
    problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]
