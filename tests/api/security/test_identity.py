"""`/identity`: a client learns who it is and what it may do, before it tries."""

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.owners import ALICE, READER, ROOT, SENDER, Owner
from support.problems import problem

from shared.config.settings import Settings


@pytest.fixture
def keyed(settings: Settings) -> Service:
    """The service in memory, which needs keys, and admits two requests a minute."""
    lines = ";".join(one.line for one in (ALICE, READER, SENDER, ROOT))
    fields = {"api_keys": SecretStr(lines), "requests_per_minute": 2}
    return make_service(settings.model_copy(update=fields))


def test_without_keys_anybody_may_do_all(service: Service, settings: Settings) -> None:
    """The answer has the limits of the service as well."""
    answer = service.client.get("/identity").json
    assert answer["owner"] is None
    assert answer["scopes"] == ["submit", "read", "admin"]
    assert answer["needs_key"] is False
    for name, limit in answer["limits"].items():
        assert limit == getattr(settings, name), name


@pytest.mark.parametrize(
    ("owner", "scopes"),
    [(READER, ["read"]), (SENDER, ["submit"]), (ALICE, ["submit", "read"]),
     (ROOT, ["submit", "read", "admin"])],
)  # fmt: skip
def test_a_key_of_any_scope_may_ask(keyed: Service, owner: Owner, scopes: list[str]) -> None:
    """The answer is for that client alone, so no cache stores it."""
    answer = keyed.client.get("/identity", headers=owner.headers)
    assert answer.status_code == 200
    assert answer.json["owner"] == owner.name
    assert answer.json["scopes"] == scopes
    assert answer.json["needs_key"] is True
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_a_key_it_says_that_one_is_needed(keyed: Service) -> None:
    """A page asks before it has a key, so this is no error."""
    answer = keyed.client.get("/identity")
    assert answer.status_code == 200
    assert answer.json["needs_key"] is True
    assert answer.json["owner"] is None
    assert answer.json["scopes"] == []


def test_a_wrong_key_is_refused(keyed: Service) -> None:
    """As everywhere else."""
    answer = keyed.client.get("/identity", headers={"Authorization": "Bearer wrong"})
    problem(answer, 401, "unknown-key")


def test_questions_count_for_the_rate_limit(keyed: Service) -> None:
    """With a key, as they do at other addresses."""
    for status in (200, 200, 429):
        assert keyed.client.get("/identity", headers=ALICE.headers).status_code == status
