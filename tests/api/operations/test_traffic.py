"""The canary: a share of the requests for a champion is answered by its challenger."""

from functools import partial
from typing import Any

import pytest
from support.doubles.length_model import LengthModel
from support.doubles.table_model import TableModel
from support.in_memory import Service, make_service

from api.canary import KEY_HEADER
from shared.aliases import pointed
from shared.config.settings import Settings
from shared.model import SCORE
from shared.traffic import is_drawn

CHAMPION, CHALLENGER = "000000000001", "b00000000000"
CSV = b"text\nzz\n"


class Other(LengthModel):
    """A challenger that may fail."""

    raises = False

    def score(self, frame: Any) -> Any:
        if self.raises:
            raise RuntimeError("broken")
        found = super().score(frame)
        return found.assign(**{SCORE: 1 - found[SCORE]})


@pytest.fixture
def other() -> Other:
    return Other("length", CHALLENGER)


@pytest.fixture
def both(settings: Settings, other: Other) -> Service:
    service = make_service(settings, others=[other])
    for alias, version in (("champion", CHAMPION), ("challenger", CHALLENGER)):
        service.aliases.change("length", "me", partial(pointed, alias=alias, version=version))
    service.answer_at_once()
    return service


def direct(service: Service, **shares: float) -> dict[str, Any]:
    answer = service.client.put("/models/length/traffic", query_string=shares)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def version_for(service: Service, key: str, model: str = "length") -> str:
    """The version that answers a question with a key."""
    answer = service.client.post(
        f"/sentiment?model={model}", json={"text": ["zz"]}, headers={KEY_HEADER: key}
    )
    assert answer.status_code == 200, answer.text
    return str(answer.headers["Scorelane-Model"]).partition("@")[2]


KEYS = [f"user {at}" for at in range(200)]


def test_a_larger_share_keeps_those_that_are_in() -> None:
    """A share has about its size, and grows without moving anybody out."""
    drawn = [{key for key in KEYS if is_drawn(key, "salt", share)} for share in (0, 0.1, 0.5, 1.0)]
    assert drawn[0] < drawn[1] < drawn[2] < drawn[3]
    assert not drawn[0]
    assert len(drawn[3]) == 200
    assert 70 <= len(drawn[2]) <= 130


def test_a_share_of_questions_goes_to_the_challenger(both: Service) -> None:
    """The same keys each time; every answer names its version; other names are not drawn."""
    assert direct(both, canary=0.5)["note"] is None
    first = {key: version_for(both, key) for key in KEYS[:20]}
    assert set(first.values()) == {CHAMPION, CHALLENGER}
    assert {key: version_for(both, key) for key in KEYS[:20]} == first
    assert {key: version_for(both, key, "length@champion") for key in KEYS[:20]} == first
    assert {version_for(both, key, f"length@{CHAMPION}") for key in KEYS[:20]} == {CHAMPION}
    direct(both, canary=0)
    assert {version_for(both, key) for key in KEYS[:20]} == {CHAMPION}


def test_a_share_of_jobs_goes_to_the_challenger(both: Service) -> None:
    """By the label of the job; the job names its version."""
    direct(both, canary=0.5)
    by_key = {
        key: both.submit(CSV, label=f"traffic:{key}", model="length").json["model"]["version"]
        for key in KEYS[:12]
    }
    expected = {key: is_drawn(key, f"length@{CHALLENGER}", 0.5) for key in KEYS[:12]}
    assert {key: version == CHALLENGER for key, version in by_key.items()} == expected


def test_the_shares_end_when_the_alias_moves(both: Service) -> None:
    """A new challenger gets nothing before somebody says so."""
    direct(both, canary=1)
    direct(both, shadow=0)
    assert version_for(both, "a") == CHALLENGER
    move = partial(pointed, alias="challenger", version=CHAMPION)
    both.aliases.change("length", "me", move)
    assert version_for(both, "a") == CHAMPION
    assert both.client.get("/models/length/traffic").json["canary"] == 0


def test_the_champion_answers_where_the_challenger_fails(both: Service, other: Other) -> None:
    """Nobody who asks for the champion gets an error because of the challenger."""
    direct(both, canary=1)
    other.raises = True
    answer = both.client.post("/sentiment?model=length", json={"text": ["zz"]})
    assert answer.json == [{"ref": 1, SCORE: 0.02}]
    assert answer.headers["Scorelane-Model"] == f"length@{CHAMPION}"
    both.fleet.unserved.add(f"length@{CHALLENGER}")
    assert version_for(both, "a") == CHAMPION
    assert "No live process" in both.client.get("/models/length/traffic").json["note"]


def test_a_challenger_that_does_not_answer_is_left_alone(settings: Settings) -> None:
    """Its requests go to the champion for a minute, after one that has waited."""
    settings = settings.model_copy(update={"sentiment_timeout": 0.5})
    service = make_service(settings, others=[Other("length", CHALLENGER)])
    for alias, version in (("champion", CHAMPION), ("challenger", CHALLENGER)):
        service.aliases.change("length", "me", partial(pointed, alias=alias, version=version))
    answer = service.pipeline.answer

    def deaf(full_name: str) -> None:
        if full_name == f"length@{CHAMPION}":
            answer(full_name)

    service.dispatch.answer = deaf  # type: ignore[method-assign]
    direct(service, canary=1)
    assert version_for(service, "a") == CHAMPION
    assert "did not answer" in service.client.get("/models/length/traffic").json["note"]
    assert version_for(service, "a") == CHAMPION


def test_other_columns_are_no_challenge(settings: Settings) -> None:
    """A challenger with other columns could not answer in the place of the champion."""
    table = TableModel("length", CHALLENGER)
    service = make_service(settings, others=[table])
    service.fleet._served["length"] = service.fleet._versions[f"length@{CHAMPION}"]
    service.answer_at_once()
    for alias, version in (("champion", CHAMPION), ("challenger", CHALLENGER)):
        service.aliases.change("length", "me", partial(pointed, alias=alias, version=version))
    assert "other columns" in direct(service, canary=1)["note"]
    assert version_for(service, "a") == CHAMPION


@pytest.mark.parametrize("share", ["1.5", "-0.1", "many", "nan"])
def test_a_share_is_a_number_from_0_to_1(both: Service, share: str) -> None:
    """Anything else is refused, and changes nothing."""
    answer = both.client.put("/models/length/traffic", query_string={"canary": share})
    assert answer.status_code == 400
    assert both.client.get("/models/length/traffic").json["canary"] == 0


def test_without_a_challenger_there_are_no_shares(service: Service) -> None:
    """The answer says that the alias is missing."""
    answer = service.client.put("/models/length/traffic?canary=0.1")
    assert answer.status_code == 404
    assert "no alias 'challenger'" in answer.json["detail"]
