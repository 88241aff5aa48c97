"""Budgets: what a key may have scored on a day, what is given back, and how it is told."""

import io
import math
from typing import Any

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.owners import BOB, Owner
from support.places import Bucket
from support.problems import problem
from support.v1_client import jsonl, line

from api.security.keys import new_key
from shared.config.settings import Settings
from shared.jobs.usage import Budget, midnight_after
from shared.redis.link import RedisLink

BUDGET = 20


class Limited(Owner):
    """An owner whose key has a budget."""

    def __init__(self, name: str, rows: int = BUDGET) -> None:
        super().__init__(name)
        self.key, self.line = new_key(name, "submit,read", rows)
        self.headers = {"Authorization": f"Bearer {self.key}"}


CAROL = Limited("carol")


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.process)])
def keyed(request: pytest.FixtureRequest, settings: Settings) -> Service:
    """The service in memory with keys, and its job store in memory or on a real Redis."""
    lines = SecretStr(f"{CAROL.line};{BOB.line}")
    if request.param == "memory":
        return make_service(settings.model_copy(update={"api_keys": lines}))
    link: RedisLink = request.getfixturevalue("link")
    own = {"api_keys": lines, "redis_url": link_url(request), "key_prefix": link.prefix}
    return make_service(settings.model_copy(update=own), link)


def link_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("redis_url")
    return url


def csv_of(rows: int) -> bytes:
    return b"ref,text\n" + b"".join(b"%d,well\n" % row for row in range(rows))


def send(service: Service, content: bytes, **query: Any) -> Any:
    """Submit a file as Carol."""
    return service.client.post(
        "/jobs",
        data=content,
        content_type="text/csv",
        query_string=query,
        headers=CAROL.headers,
    )


def left(service: Service) -> int:
    """What Carol's budget has left, by `GET /identity`."""
    [budget] = service.client.get("/identity", headers=CAROL.headers).json["budgets"]
    assert (budget["of"], budget["rows_per_day"]) == ("key", BUDGET)
    return int(budget["left"])


def test_beyond_the_budget_is_a_429_with_a_date(keyed: Service) -> None:
    """The answer names the budget, what is left, and the time (UTC) at which the next begins."""
    assert send(keyed, csv_of(15)).status_code == 202
    assert left(keyed) == 5
    answer = send(keyed, csv_of(6))
    detail = problem(answer, 429, "budget-spent")
    now = keyed.store.now()
    until = midnight_after(now)
    assert "20 rows a day" in detail
    assert "5 are left" in detail
    assert f"{until:%Y-%m-%d} 00:00 UTC" in detail
    assert int(answer.headers["Retry-After"]) - math.ceil(until.timestamp() - now) in (0, 1)
    assert left(keyed) == 5
    assert send(keyed, csv_of(5)).status_code == 202
    assert left(keyed) == 0
    problem(send(keyed, csv_of(1)), 429, "budget-spent")


def test_more_than_a_day_has(keyed: Service) -> None:
    """A job that no day has room for is told so."""
    detail = problem(send(keyed, csv_of(BUDGET + 1)), 429, "budget-spent")
    assert "send it in pieces" in detail


def test_lines_that_are_no_rows_are_given_back(keyed: Service) -> None:
    """Until a file is split its lines are taken, of which it may have more than rows."""
    content = b'ref,text\n1,"one\ntwo\nthree"\n\n2,well'
    assert send(keyed, content).status_code == 202
    assert left(keyed) == BUDGET - 5
    keyed.work()
    assert left(keyed) == BUDGET - 2


@pytest.mark.parametrize("parts", [0, 1])
def test_a_cancelled_job_gives_back_what_was_not_scored(keyed: Service, parts: int) -> None:
    """Rows that were scored are used; the others of a job that is cancelled are given back."""
    accepted = send(keyed, csv_of(15))
    scored = 0
    if parts:
        keyed.step()
        keyed.step()
        rows = keyed.client.get(accepted.location, headers=CAROL.headers).json["rows"]
        scored = rows["completed"]
        assert 0 < scored < 15
    keyed.client.post(f"{accepted.location}/cancel", headers=CAROL.headers)
    keyed.work()
    assert left(keyed) == BUDGET - scored


def test_a_retry_takes_what_is_left_to_score(keyed: Service) -> None:
    """A retry takes the rows that the old job has not scored, and all rows count once."""
    accepted = send(keyed, csv_of(15))
    keyed.step()
    keyed.step()
    keyed.client.post(f"{accepted.location}/cancel", headers=CAROL.headers)
    keyed.work()
    again = keyed.client.post(f"{accepted.location}/retry", headers=CAROL.headers)
    assert again.status_code == 202, again.text
    assert left(keyed) == BUDGET - 15
    keyed.work()
    assert left(keyed) == BUDGET - 15
    total = keyed.client.get("/usage", headers=CAROL.headers).json["total"]
    assert total["rows"] == 15


def test_a_job_that_fails_gives_back_what_was_not_scored(keyed: Service) -> None:
    """A job that may have no error uses the rows that were scored until there was one."""
    content = b"ref,text\n1,\n" + csv_of(14)[len("ref,text\n") :]
    send(keyed, content, on_error="fail")
    keyed.work()
    used = keyed.client.get("/usage", headers=CAROL.headers).json["total"]["rows"]
    assert 0 < used < 15
    assert left(keyed) == BUDGET - used


def test_small_jobs_and_questions(keyed: Service) -> None:
    """JSON rows are taken too; a question that nobody answers gives its rows back."""
    rows = [{"text": "well"}] * 4
    for path in ("/jobs", "/sentiment", "/score"):
        answer = keyed.client.post(path, json=rows, headers=CAROL.headers)
        keyed.work()
        keyed.answer_at_once()
        assert answer.status_code in (200, 202), answer.text
    assert left(keyed) == BUDGET - 12
    keyed.dispatch.answer = lambda _: None  # type: ignore[method-assign]
    problem(keyed.client.post("/score", json=rows, headers=CAROL.headers), 503, "no-answer-in-time")
    assert left(keyed) == BUDGET - 12
    for path in ("/jobs", "/jobs", "/score", "/sentiment"):
        answer = keyed.client.post(path, json=rows, headers=CAROL.headers)
    problem(answer, 429, "budget-spent")
    answer = keyed.client.post("/invocations", json={"inputs": ["a"]}, headers=CAROL.headers)
    assert answer.status_code == 429


def test_a_request_that_is_sent_again_takes_nothing(keyed: Service) -> None:
    """With an idempotency key the second request gets the job of the first, and takes no row."""
    headers = CAROL.headers | {"Idempotency-Key": "k"}
    for _ in range(2):
        answer = keyed.client.post(
            "/jobs", data=csv_of(BUDGET), content_type="text/csv", headers=headers
        )
        assert answer.status_code == 202
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert left(keyed) == 0


def test_a_refused_request_frees_its_idempotency_key(keyed: Service) -> None:
    """What was refused for its budget can be sent again, with the same key, when there is room."""
    first = send(keyed, csv_of(15))
    headers = CAROL.headers | {"Idempotency-Key": "k"}

    def again() -> Any:
        return keyed.client.post("/jobs", data=csv_of(10), content_type="text/csv", headers=headers)

    problem(again(), 429, "budget-spent")
    keyed.client.post(f"{first.location}/cancel", headers=CAROL.headers)
    assert again().status_code == 202


def test_a_dry_run_says_what_is_left(keyed: Service) -> None:
    """A dry run takes nothing, and shows what the budget has left; without a budget it is null."""
    send(keyed, csv_of(15))
    answer = send(keyed, csv_of(3), validate="true")
    assert answer.json["estimate"]["budget_left"] == 5
    assert left(keyed) == 5
    answer = keyed.client.post(
        "/jobs?validate=true", data=csv_of(1), content_type="text/csv", headers=BOB.headers
    )
    assert answer.json["estimate"]["budget_left"] is None


def test_another_key_is_not_limited(keyed: Service) -> None:
    """A key without a budget, and of another owner, has no limit."""
    send(keyed, csv_of(BUDGET))
    answer = keyed.client.post(
        "/jobs", data=csv_of(50), content_type="text/csv", headers=BOB.headers
    )
    assert answer.status_code == 202
    assert keyed.client.get("/identity", headers=BOB.headers).json["budgets"] == []


def test_a_budget_of_owners(settings: Settings) -> None:
    """The setting limits each owner, whichever of the own keys is used; both limits hold."""
    other = Owner("carol")
    lines = SecretStr(f"{CAROL.line};{other.line}")
    service = make_service(
        settings.model_copy(update={"api_keys": lines, "owner_rows_per_day": 30})
    )

    def post(rows: int, owner: Owner) -> Any:
        return service.client.post(
            "/jobs", data=csv_of(rows), content_type="text/csv", headers=owner.headers
        )

    assert post(20, CAROL).status_code == 202
    assert post(8, other).status_code == 202
    detail = problem(post(3, other), 429, "budget-spent")
    assert "The owner 'carol' may have 30 rows a day" in detail
    assert service.store.taken((Budget("owner:carol", 30),)) == [28]


def test_a_batch(keyed: Service) -> None:
    """The requests of a `/v1` batch are taken when it is created, and the answer is a 429."""

    def create(count: int) -> Any:
        content = jsonl(*(line(f"{number}") for number in range(count)))
        file = keyed.client.post(
            "/v1/files",
            data={"purpose": "batch", "file": (io.BytesIO(content), "in.jsonl")},
            headers=CAROL.headers,
        )
        assert file.status_code == 200, file.text
        body = {
            "input_file_id": file.json["id"],
            "endpoint": "/v1/sentiment",
            "completion_window": "24h",
        }
        return keyed.client.post("/v1/batches", json=body, headers=CAROL.headers)

    created = create(15)
    assert created.status_code == 200, created.text
    assert left(keyed) == 5
    refused = create(6)
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers
    assert len(keyed.client.get("/v1/batches", headers=CAROL.headers).json["data"]) == 1
    keyed.work()
    assert left(keyed) == 5
    assert keyed.client.get("/usage", headers=CAROL.headers).json["total"]["rows"] == 15


def test_files_that_are_read_where_they_are(settings: Settings) -> None:
    """An estimate is taken; what the files have more is taken when it is counted, and scored."""
    keys = {"api_keys": SecretStr(CAROL.line)}
    bucket = Bucket(settings.model_copy(update=keys))
    bucket.service.client.environ_base["HTTP_AUTHORIZATION"] = CAROL.headers["Authorization"]
    bucket.write("in/a.csv", b"text\n" + b"z" * 90 + b"\n")
    bucket.write("in/b.csv", b"text\n" + b"z\n" * 30)
    rows = bucket.scored({"input": "s3://data/in/"})
    assert len(rows) == 31 > BUDGET
    assert left(bucket.service) == 0
    problem(bucket.submit({"input": "s3://data/in/a.csv"}), 429, "budget-spent")
