"""`/readyz`: what it says of models that nobody serves."""

import pytest
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
