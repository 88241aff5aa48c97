"""Model folders under a prefix of object storage: `<prefix>/<folder>/<file>`."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shared.card import CARD_FILE, Card, content_of, parse_card
from shared.config.object_address import ObjectAddress
from shared.errors.model import DigestMismatch, NoCard
from shared.fleet import name_of
from shared.storage.object_blobs import ObjectBlobs

if TYPE_CHECKING:
    from obstore.store import ObjectStore

#: The setting that names the prefix.
NAMED_IN = "SCORELANE_MODELS"

#: The bytes that are copied at a time.
_CHUNK = 2**20


class StoredFile(NamedTuple):
    """A file in object storage, by which one content is told from another.

    Attributes:
        size: in bytes.
        etag: its version, as the store names it; if it names none, the time of its last change.
    """

    size: int
    etag: str


#: The files of a model folder, by name.
Files = Mapping[str, StoredFile]


class StoredModels:
    """The model folders under a prefix.

    The same holds for processes that are forked as for `ObjectBlobs`.
    """

    def __init__(
        self,
        address: ObjectAddress,
        open_store: Callable[[ObjectAddress], "ObjectStore"] | None = None,
    ) -> None:
        """Take the address of the prefix; `open_store` opens the store in another way."""
        self.url = address.url
        self._blobs = ObjectBlobs(address, open_store, named_in=NAMED_IN)

    def folders(self) -> dict[str, Files]:
        """The model folders and their files, by one listing (1,000 files a request).

        Whatever is no file of such a folder is passed over: names that begin with a dot, files
        next to the folders, and folders in them.

        Raises:
            OSError: the store does not list them.
        """
        found: dict[str, dict[str, StoredFile]] = {}
        for meta in self._blobs.listing():
            folder, slash, file = meta["path"].partition("/")
            # A name that ends in a slash stands for a folder in some tools.
            if slash and file and "/" not in file and not folder.startswith("."):
                etag = meta["e_tag"] or meta["last_modified"].isoformat()
                stored = StoredFile(meta["size"], etag)
                found.setdefault(folder, {})[file] = stored
        return dict(sorted(found.items()))

    def card(self, folder: str, files: Files) -> tuple[Card, bytes]:
        """The card of a model folder, and its content; the folder has every file that it names.

        Args:
            folder: its name.
            files: the files in it, as `folders` lists them.

        Raises:
            shared.errors.model.ModelError: there is no card, it is not one, or a file is missing.
            OSError: the store does not give it.
        """
        place = f"{self.url}/{folder}"
        if CARD_FILE not in files:
            raise NoCard(folder=place)
        content = self._blobs.read(f"{folder}/{CARD_FILE}")
        card = parse_card(content, f"{place}/{CARD_FILE}")
        for name, digest in card.digests.items():
            if name not in files:
                raise DigestMismatch(path=f"{place}/{name}", found="of no file", expected=digest)
        return card, content

    def fetch(self, folder: str, file: str, target: Path) -> None:
        """Copy a file of a model folder to a path of this machine, where no file is.

        Raises:
            OSError: the store does not give it, or it cannot be written.
        """
        with self._blobs.open(f"{folder}/{file}") as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy, _CHUNK)

    def put(self, folder: Path, name: str, card: Card) -> None:
        """Store a sound model folder; its card comes last, so that nobody takes a half for it.

        Args:
            folder: the folder on this machine.
            name: of the new folder. One that is there is replaced, file by file.
            card: the card to store, which names the files.

        Raises:
            OSError: the store does not take it.
        """
        for file in card.digests:
            with (
                (folder / file).open("rb") as source,
                self._blobs.writing(f"{name}/{file}") as copy,
            ):
                shutil.copyfileobj(source, copy, _CHUNK)
        self._blobs.put(f"{name}/{CARD_FILE}", content_of(card))

    def rename(self, folder: str, files: Files, name: str) -> None:
        """Give a model folder another name: it is copied, its card last, and then removed.

        Raises:
            OSError: the store does not do it.
        """
        ordered = sorted(files, key=lambda file: file == CARD_FILE)
        for file in ordered:
            self._blobs.link({f"{folder}/{file}": f"{name}/{file}"})
        self.remove(folder)

    def remove(self, folder: str) -> None:
        """Remove a model folder.

        Raises:
            OSError: the store does not do it.
        """
        self._blobs.delete(f"{folder}/")


def served(found: Mapping[str, Files], serve: str) -> dict[str, Files]:
    """Those of some folders that a worker serves.

    Args:
        found: their files, by name.
        serve: the names of the folders, separated by commas; see
            `shared.model_folders.read_folders`.
    """
    wanted = {name.strip() for name in serve.split(",") if name.strip()}
    return {
        name: files for name, files in found.items() if not wanted or wanted & {name, name_of(name)}
    }
