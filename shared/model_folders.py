"""The model folders of a models folder: which are sound, and what is wrong with the others.

A folder may hold any version of any model. `scorelane add-model` puts the newest version of `mine`
into `mine/`, and keeps the one before as `mine@<version>/`; all of them are served side by side.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from shared.card import Card, read_card
from shared.config.places import BUNDLED_MODELS, user_models
from shared.errors.model import ModelError, NoModelFolder, NoSoundModel
from shared.errors.system import sentence_of
from shared.fleet import name_of


class Declined(NamedTuple):
    """A sound model that is left to workers with other versions of its libraries."""

    card: Card
    reason: str  #: A part of a sentence; see `shared.library_fit.declines`.


@dataclass(frozen=True)
class ModelFolders:
    """The models to serve.

    Attributes:
        cards: the cards of the sound model folders.
        failed: why each of the other folders cannot be served, by its name.
        names: the names of all model folders that are there, served or not, without versions.
        declined: the sound model folders that are left to other workers.
    """

    cards: dict[Path, Card]
    failed: dict[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    declined: dict[Path, Declined] = field(default_factory=dict)


def read_folders(
    models_dir: Path, serve: str = "", declines: Callable[[Card], str] = lambda _: ""
) -> ModelFolders:
    """Read and check the model folders; one that is bad does not keep the others from being served.

    Of several folders with the same version of a model, one is served.

    Args:
        models_dir: a folder of model folders. If it is that of this user, the bundled models whose
            names it has not are taken too.
        serve: the names of the folders to serve, separated by commas; empty: all. A name stands for
            its other versions too: `mine` for `mine/` and each `mine@.../`.
        declines: why a model is not served in this environment; see `shared.library_fit`.

    Raises:
        shared.errors.model.ModelError: there is no model folder, or none of them can be served.
        OSError: `models_dir` cannot be read.
    """
    there = _folders_in(models_dir)
    folders = named_folders(models_dir, serve)
    if not folders:
        raise NoModelFolder(folder=models_dir, reason="there is no model folder in it")
    cards: dict[Path, Card] = {}
    errors: dict[str, Exception] = {}
    for folder in folders:
        try:
            cards[folder] = read_card(folder)
        except (ModelError, OSError) as error:
            errors[folder.name] = error
    failed = {name: reason_of(error) for name, error in errors.items()}
    cards, declined = sorted_out(cards, declines)
    if not cards:
        if declined:
            reasons = [f"{one.card.full_name}: {one.reason}." for one in declined.values()]
            reasons += failed.values()
            raise NoSoundModel(folder=models_dir, reasons=" ".join(reasons))
        if len(errors) == 1 and isinstance(only := next(iter(errors.values())), ModelError):
            raise only
        raise NoSoundModel(folder=models_dir, reasons=" ".join(failed.values()))
    names = frozenset(name_of(folder.name) for folder in there)
    return ModelFolders(cards, failed, names, declined)


def sorted_out(
    cards: Mapping[Path, Card], declines: Callable[[Card], str]
) -> tuple[dict[Path, Card], dict[Path, Declined]]:
    """The folders to serve, and those that are left to other workers; each version once.

    Args:
        cards: the cards of sound folders, by folder.
        declines: see `read_folders`.
    """
    once = without_copies(cards)
    declined = {
        folder: Declined(card, reason)
        for folder, card in once.items()
        if (reason := declines(card))
    }
    return {folder: card for folder, card in once.items() if folder not in declined}, declined


def without_copies(cards: Mapping[Path, Card]) -> dict[Path, Card]:
    """The folders to serve, by which each version of a model is there once.

    Of several folders with one version, the one that is named like the model is taken.

    Args:
        cards: the cards of sound folders, by folder.
    """
    folders: dict[str, Path] = {}
    for folder, card in cards.items():
        if card.full_name not in folders or folder.name == card.name:
            folders[card.full_name] = folder
    return {folder: card for folder, card in cards.items() if folders[card.full_name] == folder}


def current_versions(cards: Mapping[Path, Card]) -> set[str]:
    """The full names of the versions that new jobs get, one of each model.

    It is the version whose folder is named like the model; without such a folder, the newest card.

    Args:
        cards: the cards of sound folders, by folder.
    """
    current: dict[str, tuple[bool, datetime, str]] = {}
    for folder, card in cards.items():
        found = folder.name == card.name, card.created_at, card.full_name
        current[card.name] = max(found, current.get(card.name, found))
    return {full_name for _, _, full_name in current.values()}


def reason_of(error: BaseException) -> str:
    """Why a model cannot be served, as a sentence."""
    if isinstance(error, ModelError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return sentence_of(error)
    return f"{type(error).__name__}: {error}"


def _folders_in(models_dir: Path) -> list[Path]:
    """The folders that may hold models, in the order of their names.

    Raises:
        OSError: `models_dir` is there and cannot be read.
    """
    own = _inside(models_dir)
    if not takes_bundled(models_dir):
        return own
    taken = {name_of(folder.name) for folder in own}
    return own + [one for one in _inside(BUNDLED_MODELS) if name_of(one.name) not in taken]


def takes_bundled(models_dir: Path) -> bool:
    """Whether the bundled models are served next to those of a folder: it is the user's own."""
    return models_dir == user_models() != BUNDLED_MODELS


def folder_of(models_dir: Path, name: str) -> Path:
    """The folder of a model by its name, which need not be there."""
    folder = models_dir / name
    if takes_bundled(models_dir) and not folder.is_dir() and (BUNDLED_MODELS / name).is_dir():
        return BUNDLED_MODELS / name
    return folder


def _inside(models_dir: Path) -> list[Path]:
    if not models_dir.is_dir():
        return []
    # A name that begins with a dot is a model that is being written at this moment.
    return sorted(
        folder
        for folder in models_dir.iterdir()
        if folder.is_dir() and not folder.name.startswith(".")
    )


def named_folders(models_dir: Path, serve: str = "") -> list[Path]:
    """The folders to serve, in the order of `serve`, with those that are not there.

    Args:
        models_dir: a folder of model folders.
        serve: see `read_folders`.

    Raises:
        OSError: `models_dir` is there and cannot be read.
    """
    there = _folders_in(models_dir)
    names = [name.strip() for name in serve.split(",") if name.strip()]
    if not names:
        return there
    found: dict[Path, None] = {}
    for name in names:
        same = [folder for folder in there if name in (folder.name, name_of(folder.name))]
        found |= dict.fromkeys(same or [models_dir / name])
    return list(found)


def put_in_place(folder: Path, place: Path) -> None:
    """Rename a model folder; one that is there is removed.

    Args:
        folder: the folder, on the same file system. A name that begins with a dot hides it from
            the workers until then.
        place: its new path.
    """
    if not place.exists():
        folder.rename(place)
        return
    # The dot hides it from the workers. A random name: a process that was killed may have left one.
    replaced = Path(tempfile.mkdtemp(prefix=f".{place.name}-replaced-", dir=place.parent))
    place.rename(replaced)
    folder.rename(place)
    shutil.rmtree(replaced)
