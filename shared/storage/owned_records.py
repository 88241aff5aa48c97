"""JSON records by owner in the blob store, each in a folder with the blobs that belong to it."""

import logging
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.errors.service import DataDamaged
from shared.storage.blobs import Blobs
from shared.storage.owners import owner_folder, owners_in

logger = logging.getLogger(__name__)


class OwnedRecord(BaseModel):
    """The fields of every record."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="32 hex digits that sort by the time of making, as a job's id.")
    owner: str = Field(description="The owner; empty if the API requires no keys.")


Record = TypeVar("Record", bound=OwnedRecord)


class RecordStore(Generic[Record]):
    """Records of one kind. They survive a job store that loses its data."""

    def __init__(self, blobs: Blobs, room: str, kind: type[Record]) -> None:
        """Take the blob store, the prefix of the keys of all records (with a `/`), and the kind."""
        self._blobs = blobs
        self._room = room
        self._kind = kind

    def folder(self, owner: str, name: str) -> str:
        """What the keys of the blobs of a record begin with."""
        return f"{owner_folder(self._room, owner)}{name}/"

    def put(self, record: Record) -> None:
        """Write a record; it replaces an older one."""
        key = f"{self.folder(record.owner, record.name)}record.json"
        self._blobs.put(key, record.model_dump_json().encode())

    def find(self, owner: str | None, name: str) -> Record | None:
        """The record of an owner (None: of any owner) with this name; None if there is none.

        Raises:
            shared.errors.service.DataDamaged: it is not as it was written.
        """
        for one in self.owners() if owner is None else [owner]:
            key = f"{self.folder(one, name)}record.json"
            try:
                return self._kind.model_validate_json(self._blobs.read(key))
            except FileNotFoundError:
                continue
            except ValueError:
                raise DataDamaged(key=key, reason="it is no record") from None
        return None

    def newest_first(self, owner: str | None, before: str | None = None) -> Iterator[Record]:
        """The records of an owner (None: of all) older than `before`, the newest first."""
        places = sorted(self._places(owner), reverse=True)
        return self._found(places, lambda name: not before or name < before)

    def oldest_first(self, owner: str | None, after: str | None = None) -> Iterator[Record]:
        """The records of an owner (None: of all) newer than `after`, the oldest first."""
        return self._found(sorted(self._places(owner)), lambda name: not after or name > after)

    def _places(self, owner: str | None) -> list[tuple[str, str]]:
        owners = self.owners() if owner is None else [owner]
        return [(name, one) for one in owners for name in self.names(one)]

    def _found(
        self, places: list[tuple[str, str]], wanted: Callable[[str], bool]
    ) -> Iterator[Record]:
        for name, one in places:
            if wanted(name) and (found := self.find_whole(one, name)):
                yield found

    def find_whole(self, owner: str, name: str) -> Record | None:
        """Like `find`, but None for a record that was damaged; one must not hide all others."""
        try:
            return self.find(owner, name)
        except DataDamaged as error:
            logger.error("a record is left out: %s", error)  # noqa: TRY400  it is no bug
            return None

    def owners(self) -> list[str]:
        """The owners that have folders here."""
        return owners_in(self._blobs, self._room)

    def names(self, owner: str) -> list[str]:
        """The names of an owner's folders, including those of incomplete records."""
        return self._blobs.folders(owner_folder(self._room, owner))

    def delete(self, owner: str, name: str) -> None:
        """Delete a record and all blobs in its folder."""
        # The record first: one that is half deleted must not be found.
        self._blobs.delete(f"{self.folder(owner, name)}record.json")
        self._blobs.delete(self.folder(owner, name))
