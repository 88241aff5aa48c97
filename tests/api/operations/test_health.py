"""`/readyz` and `/models`: what they say of models that nobody serves."""

import pytest
from support.doctor import a_worker
from support.in_memory import Service


def test_it_names_models_that_nobody_serves(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service is ready while one model is served, and says which others are not."""
    [served] = service.fleet.models().values()
    assert service.client.get("/readyz").json == {
        "status": "ok",
        "processes": {served.card.full_name: 1},
    }
    other = served.model_copy(update={"card": served.card.model_copy(update={"name": "other"})})
    service.fleet.announce("node", [other])
    serving = {served.card.full_name: 2}
    monkeypatch.setattr(service.fleet, "serving", lambda: serving)
    answer = service.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "processes": serving, "not_served": ["other"]}


def test_another_version_is_served(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose newest version nobody serves yet is served by the one before."""
    [served] = service.fleet.models().values()
    monkeypatch.setattr(service.fleet, "serving", lambda: {f"{served.card.name}@0": 1})
    assert "not_served" not in service.client.get("/readyz").json


def test_it_is_not_ready_while_a_model_is_loaded(service: Service) -> None:
    """One model is served, and a worker is still loading another one, in no version served yet."""
    [served] = service.fleet.models().values()
    service.fleet.describe(a_worker("starting", models=["other@1", f"{served.card.name}@0"]))
    answer = service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["type"].endswith("models-loading")
    assert "still loading other," in answer.json["detail"]


def test_it_names_models_that_cannot_be_served(service: Service) -> None:
    """The service is ready without them; `/models` and `/workers` give the reasons."""
    [served] = service.fleet.models().values()
    reason = "it is damaged"
    service.fleet.described["a"] = a_worker("a", models=[served.card.full_name])
    service.fleet.described["b"] = a_worker("b", models=[], failed={"bad": reason})
    ready = service.client.get("/readyz")
    assert (ready.status_code, ready.json["failed"]) == (200, ["bad"])
    assert service.client.get("/models").json["failed"] == [{"name": "bad", "reason": reason}]
    workers = service.client.get("/workers").json["workers"]
    assert [one["failed"] for one in workers] == [{}, {"bad": reason}]
