"""Direct files in memory."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from support.doubles.blobs import InMemoryBlobs
from typing_extensions import override

from shared.storage.direct_files import DirectFiles

#: What the addresses begin with.
STORE = "https://store.example/bucket/"


class InMemoryDirectFiles(DirectFiles):
    """Direct files next to blobs in memory.

    Attributes:
        headers: the media type and the name of each file, by key.
        fault: raised by the next file that is complete, and by each address.
    """

    def __init__(self, blobs: InMemoryBlobs) -> None:
        self._blobs = blobs
        self.headers: dict[str, tuple[str, str]] = {}
        self.fault: OSError | None = None

    @override
    @contextmanager
    def writing(self, key: str, media_type: str, name: str) -> Iterator[BinaryIO]:
        file = io.BytesIO()
        yield file
        if self.fault:
            raise self.fault
        self._blobs.contents[key] = file.getvalue()
        self.headers[key] = media_type, name

    @override
    def sign(self, key: str) -> str:
        if self.fault:
            raise self.fault
        return f"{STORE}{key}?signature=0a"
