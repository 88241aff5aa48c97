"""The model folders of a models folder: which are sound, and what is wrong with the others."""

from dataclasses import dataclass, field
from pathlib import Path

from shared.errors.model import ModelError, NoModelFolder, NoSoundModel, SameName
from shared.errors.system import sentence_of
from shared.model import Card, read_card


@dataclass(frozen=True)
class ModelFolders:
    """The models to serve.

    Attributes:
        cards: the cards of the sound model folders.
        failed: why each of the other folders cannot be served, by its name.
        names: the names of all model folders that are there, served or not.
    """

    cards: dict[Path, Card]
    failed: dict[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


def read_folders(models_dir: Path, serve: str = "") -> ModelFolders:
    """Read and check the model folders; one that is bad does not keep the others from being served.

    Args:
        models_dir: a folder of model folders.
        serve: the names of the folders to serve, separated by commas; empty: all.

    Raises:
        shared.errors.model.ModelError: there is no model folder, or none of them is sound.
        OSError: `models_dir` cannot be read.
    """
    there = _folders_in(models_dir)
    folders = [models_dir / name.strip() for name in serve.split(",") if name.strip()] or there
    if not folders:
        raise NoModelFolder(folder=models_dir, reason="there is no model folder in it")
    cards: dict[Path, Card] = {}
    errors: dict[str, Exception] = {}
    for folder in folders:
        try:
            cards[folder] = read_card(folder)
        except (ModelError, OSError) as error:
            errors[folder.name] = error
    for folder, same_name in _of_same_name(cards).items():
        del cards[folder]
        errors[folder.name] = same_name
    failed = {name: reason_of(error) for name, error in errors.items()}
    if not cards:
        if len(errors) == 1 and isinstance(only := next(iter(errors.values())), ModelError):
            raise only
        raise NoSoundModel(folder=models_dir, reasons=" ".join(failed.values()))
    return ModelFolders(cards, failed, frozenset(folder.name for folder in there))


def reason_of(error: BaseException) -> str:
    """Why a model cannot be served, as a sentence."""
    if isinstance(error, ModelError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return sentence_of(error)
    return f"{type(error).__name__}: {error}"


def _folders_in(models_dir: Path) -> list[Path]:
    if not models_dir.is_dir():
        return []
    # A name that begins with a dot is a model that is being written at this moment.
    return sorted(
        folder
        for folder in models_dir.iterdir()
        if folder.is_dir() and not folder.name.startswith(".")
    )


def _of_same_name(cards: dict[Path, Card]) -> dict[Path, ModelError]:
    """The folders to refuse because another folder's card has the same name.

    The folder that is named like its card is served: the others are copies of it under other names.
    If there is none, all of them are refused, because nothing says which one is meant.
    """
    folders: dict[str, list[Path]] = {}
    for folder, card in cards.items():
        folders.setdefault(card.name, []).append(folder)
    return {
        folder: SameName(
            folder=folder, name=name, others=", ".join(str(one) for one in same if one != folder)
        )
        for name, same in folders.items()
        if len(same) > 1
        for folder in same
        if folder.name != name
    }
