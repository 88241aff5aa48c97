"""Watches the models folder: looks at names, sizes and times, and reads only what has changed."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from shared.card import Card, read_card
from shared.errors.model import ModelError
from shared.errors.system import sentence_of
from shared.fleet import name_of
from shared.model_folders import (
    ModelFolders,
    named_folders,
    reason_of,
    sorted_out,
    takes_bundled,
)

logger = logging.getLogger(__name__)

#: A folder that does not match its card is being copied, perhaps. It counts as bad when this many
#: looks in a row have found it unchanged.
SETTLED_LOOKS = 3

#: A folder counts as gone when this many looks in a row have not found it: a model that is replaced
#: is missing for a moment.
GONE_LOOKS = 2

#: What tells whether a file is another one or has other content: its name, device, number, size,
#: and the times of its last changes.
_Signature = tuple[tuple[str, int, int, int, int, int], ...]


@dataclass
class _Seen:
    """What was found in a folder at the last look.

    Attributes:
        signature: of its files, as they were before they were read.
        card: its card, if all its files match it.
        error: what is wrong with it otherwise.
        looks: the number of looks in a row that found it so.
        missed: the number of looks in a row since then that have not found it.
    """

    signature: _Signature
    card: Card | None
    error: Exception | None
    looks: int = 1
    missed: int = 0


class FolderWatch:
    """The models folder, as it was found at the last look."""

    def __init__(
        self,
        models_dir: Path,
        serve: str = "",
        *,
        removed: Callable[[], Collection[str]] = tuple,
        declines: Callable[[Card], str] = lambda _: "",
    ) -> None:
        """Watch a folder.

        Args:
            models_dir: the folder.
            serve: the names of the folders to serve; see `read_folders`.
            removed: gives the full names of the versions that were withdrawn from service. Their
                folders count as gone while it names them.
            declines: why this worker leaves a model to others; see `shared.library_fit`.
        """
        self._declines = declines
        self._models_dir = models_dir
        self._serve = serve
        self._removed = removed
        self._hidden: Collection[str] = ()
        self._seen: dict[Path, _Seen] = {}
        self._trouble = ""
        self._has_looked = False
        self._was_there = False

    def start(self) -> None:
        """Start what the looks need; a folder needs nothing."""

    def stop(self) -> None:
        """Stop it."""

    def look(self) -> ModelFolders | None:
        """Look at the models folder.

        Returns:
            The models in it; a folder that is perhaps being copied is in neither `cards` nor
            `failed`. None: the models folder itself cannot be read now, which says nothing about
            the models. That is logged once.
        """
        try:
            is_there = self._models_dir.is_dir()
            # A user without models of their own has no such folder.
            if not is_there and (self._was_there or not takes_bundled(self._models_dir)):
                raise FileNotFoundError(2, "No such folder", str(self._models_dir))
            self._was_there = self._was_there or is_there
            folders = named_folders(self._models_dir, self._serve)
            signatures = {folder: _signature_of(folder) for folder in folders}
        except OSError as error:
            self._note_trouble(sentence_of(error))
            return None
        self._note_trouble("")
        for folder, signature in signatures.items():
            self._look_at(folder, signature)
        for folder in self._seen.keys() - signatures.keys():
            self._seen[folder].missed += 1
        self._seen = {
            folder: seen for folder, seen in self._seen.items() if seen.missed < GONE_LOOKS
        }
        self._has_looked = True
        self._hidden = self._removed()
        return self._found()

    def _look_at(self, folder: Path, signature: _Signature) -> None:
        seen = self._seen.get(folder)
        if seen and seen.signature == signature:
            seen.looks, seen.missed = seen.looks + 1, 0
            return
        if seen and not signature and seen.missed + 1 < GONE_LOOKS:
            # It is named by `serve`, and gone.
            seen.missed += 1
            return
        # What is bad when the worker starts is reported at once.
        looks = 1 if self._has_looked else SETTLED_LOOKS
        try:
            self._seen[folder] = _Seen(signature, read_card(folder), None, looks)
        except (ModelError, OSError) as error:
            self._seen[folder] = _Seen(signature, None, error, looks)

    def _found(self) -> ModelFolders:
        cards = {
            folder: seen.card
            for folder, seen in sorted(self._seen.items())
            if seen.card and seen.card.full_name not in self._hidden
        }
        failed = {
            folder.name: reason_of(seen.error)
            for folder, seen in sorted(self._seen.items())
            if seen.error and seen.looks >= SETTLED_LOOKS
        }
        names = frozenset(name_of(folder.name) for folder in self._seen if self.holds(folder))
        served, declined = sorted_out(cards, self._declines)
        return ModelFolders(served, failed, names, declined)

    def signature(self, folder: Path) -> object:
        """What tells the content of a folder at the last look from another content."""
        return self._seen[folder].signature if folder in self._seen else None

    def holds(self, folder: Path) -> bool:
        """Whether a folder was there lately, whatever is in it but a version that was removed."""
        seen = self._seen.get(folder)
        if seen is None or (seen.card and seen.card.full_name in self._hidden):
            return False
        return bool(seen.signature)

    def _note_trouble(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            logger.error("the models folder cannot be read; what is served stays so: %s", trouble)
        elif self._trouble and not trouble:
            logger.info("the models folder can be read again")
        self._trouble = trouble


def _signature_of(folder: Path) -> _Signature:
    """The signature of the files in a folder; empty if there is no such folder.

    A file that has just gone is left out.
    """
    found = [("", 0, 0, 0, 0, 0)]
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        # It cannot be read. That must not hide the other folders: `read_card` has the reason.
        return (*found,)
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append(
            (path.name, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        )
    return tuple(found)
