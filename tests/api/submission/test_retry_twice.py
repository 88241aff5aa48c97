"""A retry with an `Idempotency-Key` that is sent twice makes one job."""

from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem

CSV = b"ref,text\n1,abc\n2,\n"
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


@pytest.fixture(params=["bulk", "small"])
def url(request: pytest.FixtureRequest, service: Service) -> str:
    """Return the address at which a cancelled job is retried."""
    if request.param == "bulk":
        accepted = service.submit(CSV)
    else:
        accepted = service.client.post("/jobs", json={"text": ["a", "b"]})
    service.client.post(f"{accepted.location}/cancel")
    return f"{accepted.location}/retry"


def retry(service: Service, url: str, query: str = "", headers: Any = None) -> Any:
    return service.client.post(f"{url}?{query}", headers=headers or KEY)


def jobs(service: Service) -> int:
    return len(service.client.get("/jobs").json["jobs"])


@pytest.mark.parametrize("ended", [False, True])
def test_the_same_retry_has_the_same_job(service: Service, url: str, ended: bool) -> None:
    """Before and after its end, also if the old job was deleted."""
    first = retry(service, url)
    assert first.status_code == 202, first.text
    assert "Idempotency-Replayed" not in first.headers
    if ended:
        service.work()
        assert service.client.delete(url.removesuffix("/retry")).status_code == 204
    before, messages = dict(service.blobs.contents), len(service.dispatch.messages)
    again = retry(service, url)
    assert (again.status_code, again.location) == (202, first.location)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["state"] == ("succeeded" if ended else "queued")
    assert (service.blobs.contents, len(service.dispatch.messages)) == (before, messages)


def test_without_a_key_each_retry_makes_a_job(service: Service, url: str) -> None:
    """Two retries without a key make two jobs."""
    first, again = (service.client.post(url) for _ in range(2))
    assert first.location != again.location


def test_other_terms_are_another_request(service: Service, url: str) -> None:
    """Other terms, another job, or a request with rows are refused with the same key."""
    first = retry(service, url, "label=a:b&on_error=skip")
    assert retry(service, url, "on_error=skip&label=a:b").location == first.location
    before = jobs(service)
    for query in ("", "label=a:c", "on_error=fail"):
        problem(retry(service, url, query), 422, "idempotency-key-reused")
    service.client.post(f"{first.location}/cancel")
    other = retry(service, f"{first.location}/retry")
    problem(other, 422, "idempotency-key-reused")
    rows = service.client.post("/jobs", json={"text": ["a"]}, headers=KEY)
    problem(rows, 422, "idempotency-key-reused")
    assert jobs(service) == before


def test_a_term_that_is_given_is_another_one_than_that_of_the_old_job(service: Service) -> None:
    """A term that is not given is that of the old job, not the default of a new one."""
    accepted = service.submit(CSV, on_error="fail")
    service.work()
    url = f"{accepted.location}/retry"
    first = retry(service, url, "on_error=skip")
    assert first.json["on_error"] == "skip"
    problem(retry(service, url), 422, "idempotency-key-reused")


def test_a_key_of_rows_cannot_be_used_for_a_retry(service: Service, url: str) -> None:
    """The key names the job of the rows."""
    assert service.client.post("/jobs", json={"text": ["a"]}, headers=KEY).status_code == 202
    problem(retry(service, url), 422, "idempotency-key-reused")


def test_while_the_first_retry_is_running(
    service: Service, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second retry gets a 409 with a `Retry-After`; later it gets the job."""
    answers: list[Any] = []
    create = service.store.create

    def slow(*args: Any, **more: Any) -> bool:
        answers.append(retry(service, url))
        return create(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(service.store, "create", slow)
        first = retry(service, url)
    assert first.status_code == 202
    problem(answers[0], 409, "idempotency-key-in-use")
    assert answers[0].headers["Retry-After"]
    assert retry(service, url).location == first.location


def test_a_retry_that_was_refused_frees_its_key(service: Service, url: str) -> None:
    """It can be corrected and sent again."""
    problem(retry(service, url, "charset=latin-1"), 400, "unknown-option")
    problem(retry(service, url, "on_error=perhaps"), 400, "bad-option")
    running = service.submit(CSV)
    problem(retry(service, f"{running.location}/retry"), 409, "not-retryable")
    answer = retry(service, url)
    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer.headers


def test_a_malformed_key(service: Service, url: str) -> None:
    """The retry is refused, and no job is made."""
    before = jobs(service)
    answer = retry(service, url, headers={"Idempotency-Key": '"open'})
    problem(answer, 400, "bad-idempotency-key")
    assert jobs(service) == before
