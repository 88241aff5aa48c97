"""Small records of an owner in the blob store, each in a folder with what it is of."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.storage.blobs import Blobs


class OwnedRecord(BaseModel):
    """What every record has."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="32 hex digits that sort by when it was made, as a job's id.")
    owner: str = Field(description="Whose it is; empty: nobody's.")


Record = TypeVar("Record", bound=OwnedRecord)


class RecordStore(Generic[Record]):
    """Records of one kind. They outlive a job store that loses its data."""

    def __init__(self, blobs: Blobs, room: str, kind: type[Record]) -> None:
        """Take where they are: a key that ends in `/`."""
        self._blobs = blobs
        self._room = room
        self._kind = kind

    def folder(self, owner: str, name: str) -> str:
        """The blobs of a record have keys that begin with this."""
        # An owner may be called `..`.
        return f"{self._room}of-{owner}/{name}/"

    def put(self, record: Record) -> None:
        """Write a record, over an older one."""
        key = f"{self.folder(record.owner, record.name)}record.json"
        self._blobs.put(key, record.model_dump_json().encode())

    def find(self, owner: str | None, name: str) -> Record | None:
        """A record of an owner, or of any; None where there is none."""
        for one in self.owners() if owner is None else [owner]:
            try:
                found = self._blobs.read(f"{self.folder(one, name)}record.json")
            except FileNotFoundError:
                continue
            return self._kind.model_validate_json(found)
        return None

    def newest_first(self, owner: str | None, before: str | None = None) -> Iterator[Record]:
        """The records of an owner, or of all; with `before` the ones that were made before it."""
        places = sorted(self._places(owner), reverse=True)
        return self._found(places, lambda name: not before or name < before)

    def oldest_first(self, owner: str | None, after: str | None = None) -> Iterator[Record]:
        """The same the other way round; with `after` the ones that were made after it."""
        return self._found(sorted(self._places(owner)), lambda name: not after or name > after)

    def _places(self, owner: str | None) -> list[tuple[str, str]]:
        owners = self.owners() if owner is None else [owner]
        return [(name, one) for one in owners for name in self.names(one)]

    def _found(
        self, places: list[tuple[str, str]], wanted: Callable[[str], bool]
    ) -> Iterator[Record]:
        for name, one in places:
            if wanted(name) and (found := self.find(one, name)):
                yield found

    def owners(self) -> list[str]:
        """Whoever has folders here."""
        return [folder.removeprefix("of-") for folder in self._blobs.folders(self._room)]

    def names(self, owner: str) -> list[str]:
        """The names of an owner's folders; what is not whole has a folder too."""
        return self._blobs.folders(f"{self._room}of-{owner}/")

    def delete(self, owner: str, name: str) -> None:
        """Delete a record, and what lies beside it."""
        # The record first: what is half deleted is not there.
        self._blobs.delete(f"{self.folder(owner, name)}record.json")
        self._blobs.delete(self.folder(owner, name))
