"""A scoring process loads what its worker begins to serve, and unloads what it ends."""

import copy
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.doubles.length_model import LengthModel

from shared.card import write_card
from shared.fleet import Served
from shared.model_folders import ModelFolders
from worker.models import late_loading
from worker.models.late_loading import LateLoading
from worker.models.loaded_models import LoadedModel, LoadedModels
from worker.models.served_models import ServedModels
from worker.models.served_version import ServedVersion


class Process:
    """A scoring process that began before there was any model; the worker's main process too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "model.pkl").write_text("mine")
        self.card = write_card(folder, name="mine", format="pkl", files=["model.pkl"])
        self.main = ServedModels(ModelFolders({}, {}, frozenset()), 1)
        self.loaded = LoadedModels({})
        #: How often the model cannot be loaded from now on.
        self.failures = 0
        self.announced: list[list[Served]] = []
        #: The rates with which it was to be loaded.
        self.rates: list[object] = []
        self.fork()

    def fork(self) -> None:
        """Let the process be one that is forked now: it has the versions of now, and the notes."""
        self.thread = LateLoading(copy.copy(self.main), self.loaded, self.announced.append)

    def order(self, rate: float | None = None) -> ServedVersion:
        """Let the main process order the version, whose trial has measured a rate."""
        version = ServedVersion(self.folder, self.card, 1)
        version.rate = rate
        self.main.add(version)
        return version

    def load(self, folder: Path, name: str, kept: object, rate: float | None) -> LoadedModel:
        """Load the model, or fail."""
        self.rates.append(rate)
        if self.failures:
            self.failures -= 1
            raise MemoryError
        model = LengthModel()
        model.card = self.card
        return LoadedModel(model, 1.0)


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """A process whose thread does a turn when a test says so."""
    process = Process(tmp_path)
    monkeypatch.setattr(late_loading, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(late_loading, "load_version", process.load)
    with closing(process.main):
        yield process


def test_a_version_that_was_refused_is_loaded_when_it_is_ordered_again(process: Process) -> None:
    """A process that was forked before knows only that the order of that time was refused."""
    first = process.order()
    process.fork()
    first.refuse("It crashed.")
    process.thread._turn()
    assert list(process.loaded) == []
    process.main.remove(first.full_name)
    second = process.order()
    process.thread._turn()
    assert list(process.loaded) == [second.full_name]


def test_a_version_that_is_ordered_again_is_loaded_again(process: Process) -> None:
    """Also by a process that has not looked in between; its last failure is of another order."""
    process.failures = late_loading.ATTEMPTS
    first = process.order()
    process.thread._turn()
    [state] = process.main.living()
    assert state["failed"] == {str(first.serial): "MemoryError: "}
    process.main.remove(first.full_name)
    second = process.order()
    process.thread._turn()
    [state] = process.main.living()
    assert (state["failed"], list(state["ready"])) == ({}, [second.full_name])


@pytest.mark.parametrize("rate", [None, 250.0])
def test_the_rate_of_the_trial_is_not_measured_again(process: Process, rate: float | None) -> None:
    """Each process would take as long to measure a slow model as to load it."""
    process.order(rate)
    process.thread._turn()
    assert process.rates == [rate]


@pytest.mark.parametrize("forks", [False, True])
def test_a_version_that_leaves_is_announced_as_leaving(process: Process, forks: bool) -> None:
    """Whatever a process announces, and when: otherwise the version would get new jobs again."""
    version = process.order()
    process.thread._turn()
    assert [one.leaving for one in process.announced[-1]] == [False]
    version.is_leaving = True
    process.main.publish()
    if forks:
        process.fork()
    assert [one.leaving for one in process.thread.served()] == [True]
    process.main.remove(version.full_name)
    with process.loaded.using(version.full_name):
        process.thread._turn()
        assert list(process.loaded) == [version.full_name]
        assert process.thread.served() == []
