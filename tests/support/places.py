"""Object storage of users in the memory of the test, and a service that reads it."""

from typing import Any

import pytest
from support.in_memory import Service, make_service

from shared.config.settings import Settings
from shared.places.address import Place
from shared.places.output_folder import OutputFolder
from shared.places.stores import Stores
from shared.places.web_files import WebFiles

obstore = pytest.importorskip("obstore", reason="the extra object-storage")


class Bucket:
    """The bucket `data`, and a service that may read and write it.

    Attributes:
        service: the service.
        store: obstore's store in memory.
    """

    def __init__(self, settings: Settings, places: str = "", **options: Any) -> None:
        from obstore.store import MemoryStore  # noqa: PLC0415  see above

        self.store = MemoryStore()
        allowed = settings.model_copy(update={"places": f"* both s3://data/;{places}"})
        web = WebFiles(allowed)
        stores = Stores(pauses=(0.0,), open_store=lambda _: self.store, web=web)
        options.setdefault("open_output", self._open_output)
        self.service: Service = make_service(allowed, stores=stores, **options)

    def _open_output(self, place: Place) -> OutputFolder:
        return OutputFolder(place, lambda _: self.store, lambda *_: 0)

    def put(self, **files: bytes) -> None:
        """Write files; `__` stands for `/` and `_csv` for `.csv` in their names."""
        for name, content in files.items():
            self.write(name.replace("__", "/").replace("_csv", ".csv"), content)

    def write(self, key: str, content: bytes) -> None:
        """Write a file."""
        obstore.put(self.store, key, content)

    def delete(self, key: str) -> None:
        """Delete a file."""
        obstore.delete(self.store, key)

    def submit(self, body: Any, **query: str) -> Any:
        """POST a JSON body; the response."""
        return self.service.client.post("/jobs", json=body, query_string=query)

    def scored(self, body: Any, **query: str) -> list[dict[str, Any]]:
        """POST a JSON body, run all tasks, and return the result rows."""
        return self.service.rows_of(self.submit(body, **query))
