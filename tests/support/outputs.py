"""Folders of users in memory, by the store of obstore that keeps objects in memory."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.config.object_address import ObjectAddress
from shared.places.address import Place
from shared.places.output_folder import MANIFEST, OutputFolder

#: A folder that the settings of `support.places.Bucket` allow.
FOLDER = "s3://data/out/"


class MemoryOutputs:
    """Folders in memory; `open` is an `OpenOutput`.

    Attributes:
        fault: called with the name of a method and of a file before each call; it may raise.
        aborted: the names of the files whose uploads were aborted.
    """

    def __init__(self) -> None:
        stores = pytest.importorskip("obstore.store", reason="the extra object-storage")
        self._new_store: Callable[[], Any] = stores.MemoryStore
        self._stores: dict[str, Any] = {}
        self.fault: Callable[[str, str], object] = lambda *_: None
        self.aborted: list[str] = []

    def _store(self, address: ObjectAddress) -> Any:
        return self._stores.setdefault(address.url, self._new_store())

    def open(self, place: Place) -> OutputFolder:
        def abort(_: ObjectAddress, name: str) -> int:
            self.aborted.append(name)
            return 0

        return _Folder(self, OutputFolder(place, self._store, abort))  # type: ignore[return-value]

    def names(self, url: str = FOLDER) -> list[str]:
        """The names of the files in a folder."""
        import obstore  # noqa: PLC0415

        store = self._stores.get(url.rstrip("/"))
        return sorted(one["path"] for one in obstore.list(store).collect()) if store else []

    def read(self, name: str, url: str = FOLDER) -> bytes:
        """The content of a file."""
        import obstore  # noqa: PLC0415

        return bytes(obstore.get(self._stores[url.rstrip("/")], name).bytes())

    def manifest(self, url: str = FOLDER) -> dict[str, Any]:
        """The manifest in a folder."""
        found: dict[str, Any] = json.loads(self.read(MANIFEST, url))
        return found


class _Folder:
    """A folder whose calls may fail as a test wants."""

    def __init__(self, outputs: MemoryOutputs, folder: OutputFolder) -> None:
        self._outputs = outputs
        self._folder = folder

    def __getattr__(self, method: str) -> Any:
        def call(name: str, *arguments: Any) -> Any:
            self._outputs.fault(method, name)
            return getattr(self._folder, method)(name, *arguments)

        return call

    @contextmanager
    def writing(self, name: str, media_type: str) -> Iterator[Any]:
        self._outputs.fault("writing", name)
        with self._folder.writing(name, media_type) as file:
            yield file
            self._outputs.fault("written", name)
