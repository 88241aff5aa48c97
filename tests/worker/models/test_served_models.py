"""The processes of a worker agree on the models that they serve."""

import logging
import multiprocessing
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from support.doubles.length_model import LengthModel

from shared.card import Card, read_card, write_card
from shared.errors.model import ModelReplaced, NoSoundModel
from shared.examples import EXAMPLES_FILE, Examples
from shared.load_time import START_SECONDS
from shared.model import SCORE, load_model
from shared.model_folders import read_folders
from shared.signature import SENTIMENT
from training.model_folder import new_model_folder
from worker.models import loading
from worker.models.kept_files import KeptFiles
from worker.models.load_turns import LIBRARY_BYTES
from worker.models.served_models import ServedModels
from worker.models.served_version import MOST_DEATHS


def add(folder: Path, content: str) -> Card:
    folder.mkdir(exist_ok=True)
    (folder / "model.pkl").write_text(content)
    return write_card(folder, name=folder.name, format="pkl", files=["model.pkl"])


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """A models folder with two models."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("bad", "good"):
        add(folder / name, name)
    return folder


@pytest.fixture
def models(models_dir: Path) -> Iterator[ServedModels]:
    """The models of a worker with two processes."""
    with closing(ServedModels(read_folders(models_dir), processes=2)) as models:
        yield models


def serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `load_model` load any folder but that of the model `bad`."""

    def load(folder: Path, version: str | None) -> LengthModel:
        if folder.name == "bad":
            raise LookupError(f"{folder}/words is missing")
        model = LengthModel()
        model.card = read_card(folder)
        if model.card.version != version:
            raise ModelReplaced(folder=folder, found=model.card.version, expected=version)
        return model

    monkeypatch.setattr(loading, "load_model", load)
    monkeypatch.setattr(loading, "measure_rate", lambda _, **__: 1.0)


def replace(models_dir: Path, name: str) -> None:
    """Replace a model as `scorelane add-model --force` does."""
    with new_model_folder(models_dir, name, force=True) as building:
        (building / "model.pkl").write_text("another")
        write_card(building, name=name, format="pkl", files=["model.pkl"])


@pytest.mark.parametrize("change", [replace, lambda folder, name: shutil.rmtree(folder / name)])
def test_a_replaced_model_is_loaded_as_it_was(
    models_dir: Path,
    models: ServedModels,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, str], None],
) -> None:
    """The version is that of the worker's start, although the folder was replaced or removed."""
    serve(monkeypatch)
    card = models.cards[models_dir / "good"]
    change(models_dir, "good")
    for _ in range(2):
        loaded = loading.load_models(models)
        assert [one.model.card for one in loaded.values()] == [card]


def test_a_model_that_is_removed_as_the_worker_starts(models_dir: Path) -> None:
    """Its folder is not looked at again to find out what loading takes; that ended the worker."""
    folders = read_folders(models_dir)
    shutil.rmtree(models_dir / "bad")
    with closing(ServedModels(folders, processes=2)) as models:
        before = models.load_bytes, models.load_seconds
        shutil.rmtree(models_dir / "good")
        assert (models.load_bytes, models.load_seconds) == before
        assert models.load_bytes > LIBRARY_BYTES
        assert models.load_seconds > START_SECONDS


def test_a_model_that_is_replaced_while_it_is_loaded(
    models_dir: Path, models: ServedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of two versions are never mixed: the version is loaded again, from the kept files."""
    serve(monkeypatch)
    load, loaded_from = loading.load_model, []

    def replace_meanwhile(folder: Path, version: str | None) -> LengthModel:
        model = load(folder, version)
        loaded_from.append(folder)
        if len(loaded_from) == 1:
            replace(models_dir, "good")
        return model  # type: ignore[return-value]

    monkeypatch.setattr(loading, "load_model", replace_meanwhile)
    card = models.cards[models_dir / "good"]
    assert [one.model.card for one in loading.load_models(models).values()] == [card]
    assert [folder == models_dir / "good" for folder in loaded_from] == [True, False]


def test_another_version_is_not_loaded(models_dir: Path, models: ServedModels) -> None:
    """What was put in the place of a version is not taken for it."""
    folder = models_dir / "good"
    version = models.cards[folder].version
    changed = add(folder, "another")
    with pytest.raises(ModelReplaced, match=f"holds version {changed.version}"):
        load_model(folder, version)
    # The files were overwritten in place, so the kept ones have changed too.
    with pytest.raises(NoSoundModel, match="holds version"):
        loading.load_models(models)


def test_a_model_that_one_process_cannot_load_is_served_by_none(
    models: ServedModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are served. The reason names the user's folder."""
    serve(monkeypatch)
    loaded = loading.load_models(models)
    bad, good = (card.full_name for card in models.cards.values())
    assert loaded.keys() == {good}
    assert (models.names(), models.refused()) == ([good], [bad])
    assert models.failed() == {"bad": f"LookupError: {models_dir / 'bad'}/words is missing"}
    # A process that comes later does not try again, whether or not all had started.
    models.note_ready(2)
    assert loading.load_models(models).keys() == {good}


def test_a_process_that_cannot_load_what_its_worker_serves_ends_the_worker(
    models: ServedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once all processes were ready, work of the model may be under way, so the error is raised."""
    serve(monkeypatch)
    models.note_ready(1)
    assert not models.is_complete
    models.note_ready(2)
    with pytest.raises(RuntimeError, match=r"bad@.* cannot be loaded again"):
        loading.load_models(models)
    assert len(models.names()) == 2


def test_without_a_model_the_worker_ends(
    models: ServedModels, caplog: pytest.LogCaptureFixture
) -> None:
    """If no model can be loaded, the error names the reason of each."""
    with caplog.at_level(logging.ERROR), pytest.raises(NoSoundModel) as caught:
        loading.load_models(models)
    for name in ("bad", "good"):
        assert f"{name}/model.pkl cannot be served" in str(caught.value)
        assert re.search(rf"{name}@\w+ is not served", caplog.text)


@pytest.mark.process
def test_a_model_that_kills_the_processes_that_load_it(
    models: ServedModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two of them the others are served without it: no process can report its own death."""
    load = loading._load_version

    def die(folder: Path, version: str, kept: KeptFiles) -> LengthModel:
        if folder.name == "bad":
            os.kill(os.getpid(), signal.SIGKILL)
        return load(folder, version, kept)  # type: ignore[return-value]

    serve(monkeypatch)
    monkeypatch.setattr(loading, "_load_version", die)
    for _ in range(MOST_DEATHS):
        process = multiprocessing.get_context("fork").Process(
            target=loading.load_models, args=(models,)
        )
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert models.refused() == []
    good = models.cards[models_dir / "good"].full_name
    assert loading.load_models(models).keys() == {good}
    assert "2 processes in a row died" in models.failed()["bad"]


def test_a_model_that_ends_its_process(
    models: ServedModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that calls `sys.exit` ends no process of the worker."""
    serve(monkeypatch)
    load = loading.load_model

    def leave(folder: Path, version: str | None) -> LengthModel:
        if folder.name == "bad":
            sys.exit("no licence")
        return load(folder, version)  # type: ignore[return-value]

    monkeypatch.setattr(loading, "load_model", leave)
    assert loading.load_models(models).keys() == {models.cards[models_dir / "good"].full_name}
    assert models.failed() == {"bad": "SystemExit: no licence"}


def test_long_reasons_are_cut(models: ServedModels) -> None:
    """A reason of any length leaves a text, also if it is cut within a character."""
    assert models.refuse(models.names()[0], "\N{EURO SIGN}" * 1000)
    assert set(models.failed()["bad"]) == {"\N{EURO SIGN}"}


def test_a_model_whose_outputs_changed_is_served_by_none(
    models: ServedModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its examples tell; `failed` has the versions and the difference, and others are served."""
    del models
    rows = pd.DataFrame({"text": ["a", "bb"]})
    for name, score in (("other", 0.25), ("same", None)):
        folder = models_dir / name
        folder.mkdir()
        (folder / "model.pkl").write_text(name)
        scored = LengthModel().score(rows)
        if score is not None:
            scored = scored.assign(**{SCORE: score})
        examples = Examples.of(SENTIMENT.inputs, rows, scored)
        (folder / EXAMPLES_FILE).write_text(examples.to_json())
        write_card(
            folder,
            name=name,
            format="pkl",
            files=["model.pkl", EXAMPLES_FILE],
            libraries={"numpy": "0.1"},
        )
    serve(monkeypatch)
    with closing(ServedModels(read_folders(models_dir), processes=2)) as served:
        loaded = loading.load_models(served)
        assert {name.partition("@")[0] for name in loaded} == {"good", "same"}
        assert "largest difference" in served.failed()["other"]
        assert "(added with 0.1)" in served.failed()["other"]
