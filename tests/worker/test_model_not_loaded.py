"""A process that gets work of a model that it has not loaded gives the work back."""

from support.doubles.length_model import length_score
from support.in_memory import Service

from shared.config.settings import Settings
from worker.models.loaded_models import LoadedModels

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (at, b"z" * (at + 1)) for at in range(20))
SCORES = [length_score("z" * n) for n in range(1, 21)]


def test_a_part_is_given_back_and_counts_no_attempt(service: Service, settings: Settings) -> None:
    """However often that happens, every row gets its score once a process has the model.

    Until then the job says what holds it up.
    """
    name = service.model.card.full_name
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    accepted = service.submit(CSV)
    loaded = dict(service.pipeline._models)
    service.pipeline._models = {}
    for _ in range(60):
        service.reconcile()
        service.work()
    job = service.client.get(accepted.location).json
    assert (job["state"], job["rows"]["failed"]) == ("running", 0)
    assert f"It is held up: a process that has not loaded {name}" in job["detail"]
    assert service.model.calls == []
    service.pipeline._models = loaded
    service.reconcile()
    service.work()
    job = service.client.get(accepted.location).json
    assert (job["state"], job["rows"]["failed"]) == ("succeeded", 0)
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [row["Sentiment_Score"] for row in rows] == SCORES


def test_small_jobs_go_on_waiting(service: Service) -> None:
    """They are not taken, so they count no attempt, and the reconciler rings for them again."""
    accepted = service.client.post("/jobs", json={"text": ["a", "zz"]})
    loaded = dict(service.pipeline._models)
    service.pipeline._models = {}
    for _ in range(60):
        service.work()
        service.reconcile()
    assert service.client.get(accepted.location).json["state"] == "queued"
    service.pipeline._models = loaded
    service.work()
    job = service.client.get(accepted.location).json
    assert (job["state"], job["rows"]["failed"]) == ("succeeded", 0)


def test_a_task_takes_a_model_that_was_loaded_meanwhile(service: Service) -> None:
    """A part and a doorbell that come before the model are done, and not given back."""
    (name, loaded), models = next(iter(service.pipeline._models.items())), LoadedModels({}, 60.0)
    service.pipeline._models = models
    for submit in (
        lambda: service.submit(CSV).location,
        lambda: service.client.post("/jobs", json={"text": ["a"]}).headers["Location"],
    ):
        models.remove(name)
        models.look = lambda: models.add(name, loaded)
        location = submit()
        service.work()
        job = service.client.get(location).json
        assert (job["state"], job["rows"]["failed"]) == ("succeeded", 0)
