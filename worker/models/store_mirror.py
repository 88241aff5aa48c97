"""Keeps a folder of this machine in step with the model folders under a prefix of object storage.

The folder is a models folder like any other, so whatever follows models on a disk goes on
unchanged. It belongs to all workers of this user on this machine: one at a time changes it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from shared.card import CARD_FILE, Card, read_card
from shared.errors.model import ModelError
from shared.fleet import name_of
from shared.model_folders import put_in_place, reason_of
from shared.stored_models import Files, StoredModels, served

#: A folder that does not match its card is being copied, perhaps. It counts as bad when this many
#: listings in a row have found it unchanged.
SETTLED_LISTINGS = 3

#: After this many seconds files are fetched again that the store did not give, or that found no
#: room on the disk.
AGAIN_SECONDS = 30.0

_LOCK = ".lock"

#: What tells whether a file is another one or has other content: its number, size, and the time of
#: the last change of its content. A further link to it is no change. None: it is not there.
_Stamp = tuple[int, int, int] | None


class Mirrored(NamedTuple):
    """What is under the prefix.

    Attributes:
        names: the names of all models there, without versions.
        failed: why folders are not here as they are there, by name.
    """

    names: frozenset[str]
    failed: dict[str, str]


@dataclass
class _Followed:
    """A folder as it was when it was last looked at.

    Attributes:
        files: in the store.
        card: its card, if the folder is here.
        stamps: of the files that are here, before they were compared with the card.
        error: why it is not.
        listings: the number of listings in a row that found it so.
        again_at: when it is fetched again though it is unchanged; None: never.
    """

    files: Files
    card: Card | None = None
    stamps: dict[str, _Stamp] = field(default_factory=dict)
    error: ModelError | OSError | None = None
    listings: int = 1
    again_at: float | None = None


class StoreMirror:
    """The folder."""

    def __init__(
        self,
        stored: StoredModels,
        folder: Path,
        serve: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what it needs.

        Args:
            stored: the models under the prefix.
            folder: the folder of this machine; it is made if necessary.
            serve: the names of the folders to fetch; see `shared.model_folders.read_folders`.
            now: a clock, in seconds.
        """
        self._stored = stored
        self._folder = folder
        self._serve = serve
        self._now = now
        self._followed: dict[str, _Followed] = {}
        self._has_synced = False

    def sync(self) -> Mirrored:
        """List the prefix, fetch what is new or changed, and remove what is gone.

        A folder appears when all its files match its card. Until then, the one that was here
        before stays. What is removed may be in use: workers hold the files open.

        Returns:
            The names, and the folders that could not be fetched. A folder that is perhaps being
            copied is not named as failed yet.

        Raises:
            OSError: the store cannot be listed, or the folder not be written. Nothing was changed.
        """
        found = self._stored.folders()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if not self._names_here() <= found.keys():
                # Another worker may have fetched since then what is not in that listing.
                found = self._stored.folders()
            for entry in os.scandir(self._folder):
                # One that begins with a dot is of a worker that was killed while it fetched.
                if entry.is_dir() and entry.name not in found:
                    shutil.rmtree(entry.path)
            wanted = served(found, self._serve)
            self._followed = {name: one for name, one in self._followed.items() if name in wanted}
            # First those that keep an earlier version, whose files may be in `mine` until then.
            for name in sorted(wanted, key=lambda name: "@" not in name):
                self._followed[name] = self._follow(name, found[name])
        self._has_synced = True
        failed = {
            name: reason_of(one.error)
            for name, one in self._followed.items()
            if one.error and one.listings >= SETTLED_LISTINGS
        }
        return Mirrored(frozenset(map(name_of, found)), failed)

    def _names_here(self) -> set[str]:
        return {
            one.name
            for one in os.scandir(self._folder)
            if one.is_dir() and not one.name.startswith(".")
        }

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Wait until no other worker of this machine changes the folder; keep them away."""
        lock = os.open(self._folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _follow(self, name: str, files: Files) -> _Followed:
        before = self._followed.get(name)
        # Somebody may clear or damage a cache at any time.
        is_here = before and (
            before.card is None or before.stamps == _stamps(self._folder / name, before.card)
        )
        if before and is_here and before.files == files:
            before.listings += 1
            if before.again_at is None or self._now() < before.again_at:
                return before
        # What is bad when the worker starts is reported at once. A fault of the store or the disk
        # stays one, whatever is listed.
        listings = 1 if self._has_synced else SETTLED_LISTINGS
        try:
            return self._fetch(name, files)
        except ModelError as error:
            return _Followed(files, error=error, listings=listings)
        except OSError as error:
            again_at = self._now() + AGAIN_SECONDS
            return _Followed(files, error=error, listings=SETTLED_LISTINGS, again_at=again_at)

    def _fetch(self, name: str, files: Files) -> _Followed:
        """Have a folder here as it is in the store; nothing is fetched that is here already."""
        place = self._folder / name
        card, content = self._stored.card(name, files)
        stamps = _stamps(place, card)
        if _is_here(place, content):
            return _Followed(files, card, stamps)
        building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self._folder))
        try:
            # Before any link to a file of another model, which it might be written through.
            with (building / CARD_FILE).open("xb") as file_of_card:
                file_of_card.write(content)
            for file, digest in card.digests.items():
                if same := self._same(digest):
                    (building / file).hardlink_to(same)
                else:
                    self._stored.fetch(name, file, building / file)
            stamps = _stamps(building, card)
            read_card(building)
            put_in_place(building, place)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        return _Followed(files, card, stamps)

    def _same(self, digest: str) -> Path | None:
        """A file that is here, unchanged, and has a digest: versions of a model often share some.

        Its content is checked again with the card of the folder that gets it.
        """
        for name, one in self._followed.items():
            for file, found in one.card.digests.items() if one.card else ():
                path = self._folder / name / file
                if found == digest and one.stamps[file] == _stamp(path):
                    return path
        return None


def _is_here(place: Path, content: bytes) -> bool:
    """Whether a folder is sound, and has this card."""
    try:
        read_card(place)
        return (place / CARD_FILE).read_bytes() == content
    except (ModelError, OSError):
        return False


def _stamps(folder: Path, card: Card) -> dict[str, _Stamp]:
    return {file: _stamp(folder / file) for file in (CARD_FILE, *card.digests)}


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
