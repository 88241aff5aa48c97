"""A scoring process loads models and unloads others while its tasks run."""

import threading

from support.doubles.length_model import LengthModel
from support.waiting import wait_for

from worker.models.loaded_models import LoadedModel, LoadedModels, ModelsOf, RatesOf

ONE = LoadedModel(LengthModel(), 5.0)


def test_a_task_waits_for_a_model_that_is_being_loaded() -> None:
    """It goes on as soon as the model is there."""
    models, found = LoadedModels({}, 60.0), []
    models.expect(frozenset({"a@1"}))

    def task() -> None:
        with models.using("a@1") as has_model:
            found.append(has_model)

    thread = threading.Thread(target=task)
    thread.start()
    assert found == []
    models.add("a@1", ONE)
    thread.join()
    assert found == [True]


def test_a_task_does_not_wait_for_a_model_that_nobody_loads() -> None:
    """Nor for one that could not be loaded, nor longer than it may."""
    models = LoadedModels({}, 60.0)
    with models.using("a@1") as has_model:
        assert not has_model
    models = LoadedModels({}, 0.0)
    models.look = lambda: models.expect(frozenset({"a@1"}))
    with models.using("a@1") as has_model:
        assert not has_model


def test_a_model_is_not_unloaded_under_a_task() -> None:
    """It is when the last task that uses it has ended."""
    models = LoadedModels({"a@1": ONE, "b@1": ONE})
    with models.using("a@1"):
        with models.using("a@1"):
            assert not models.remove("a@1")
        assert not models.remove("a@1")
        assert list(models) == ["a@1", "b@1"]
    assert models.remove("a@1")
    assert (dict(ModelsOf(models)), dict(RatesOf(models))) == ({"b@1": ONE.model}, {"b@1": 5.0})


def test_the_wait_ends_when_the_load_has_failed() -> None:
    """The task learns it at once, and gives its part back."""
    models, found = LoadedModels({}, 60.0), []
    models.expect(frozenset({"a@1"}))
    waits = threading.Event()

    def task() -> None:
        waits.set()
        with models.using("a@1") as has_model:
            found.append(has_model)

    thread = threading.Thread(target=task)
    thread.start()
    wait_for(waits.is_set)
    models.expect(frozenset())
    thread.join()
    assert found == [False]
