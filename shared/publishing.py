"""Puts a new version of a model under a prefix of object storage, where workers find it."""

from datetime import timedelta
from pathlib import Path

from shared.card import Card, read_card
from shared.errors.model import ModelError, ModelExists
from shared.fleet import name_of
from shared.model_folders import current_versions, reason_of
from shared.stored_models import Files, StoredModels


def publish(folder: Path, stored: StoredModels, *, force: bool) -> Card:
    """Store a sound model folder as `name@version/`; new jobs get it.

    No file of another version is replaced, so a version is there whole or not at all. A folder
    that is named like the model would come before all versions: it becomes `name@version/`, too.

    Args:
        folder: the model folder on this machine.
        stored: the models under the prefix.
        force: remove the version that new jobs get now.

    Returns:
        The card that was stored. It is newer than those of the other versions, by which new jobs
        get it, also if the clock of this machine is slow.

    Raises:
        shared.errors.model.ModelExists: the folder that is named like the model holds no sound
            model, and `force` is false. Nothing was changed.
        OSError: the store cannot be read or written.
    """
    card = read_card(folder)
    found = stored.folders()
    cards, failed = _versions(card.name, stored, found)
    if not force and card.name in failed:
        raise ModelExists(name=card.name, folder=stored.url, reason=failed[card.name])
    newest = max((one.created_at for one in cards.values()), default=None)
    if newest and newest >= card.created_at:
        card = card.model_copy(update={"created_at": newest + timedelta(seconds=1)})
    stored.put(folder, card.full_name, card)
    before = cards.get(Path(card.name))
    if force:
        current = current_versions(cards)
        gone = {place.name for place, one in cards.items() if one.full_name in current}
        for name in (gone | failed.keys() & {card.name}) - {card.full_name}:
            stored.remove(name)
    elif before and before.full_name in {*found, card.full_name}:
        # That version is stored under its full name.
        stored.remove(card.name)
    elif before:
        stored.rename(card.name, found[card.name], before.full_name)
    return card


def _versions(
    name: str, stored: StoredModels, found: dict[str, Files]
) -> tuple[dict[Path, Card], dict[str, str]]:
    """The cards of the versions of a model that are stored, and what is wrong with other folders.

    Returns:
        The cards by folder, and reasons by the name of the folder.
    """
    cards: dict[Path, Card] = {}
    failed: dict[str, str] = {}
    for folder, files in found.items():
        if name_of(folder) != name:
            continue
        try:
            cards[Path(folder)] = stored.card(folder, files)[0]
        except ModelError as error:
            failed[folder] = reason_of(error)
    return cards, failed
