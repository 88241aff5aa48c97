"""The blob store in memory."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from typing_extensions import override

from shared.storage.blobs import ErasableBlobs


class InMemoryBlobs(ErasableBlobs):
    """Blobs in a dict."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.quiet = 0.0

    @override
    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        file = io.BytesIO()
        yield file
        self.contents[key] = file.getvalue()

    @override
    def put(self, key: str, content: bytes) -> None:
        self.contents[key] = content

    @override
    def open(self, key: str, offset: int = 0, *, expect: int = -1) -> BinaryIO:
        del expect
        file = io.BytesIO(self.read(key))
        file.seek(offset)
        return file

    @override
    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        if key not in self.contents:
            raise FileNotFoundError(key)
        content = self.contents[key][offset:]
        return content if length < 0 else content[:length]

    @override
    def size(self, key: str) -> int:
        if key not in self.contents:
            raise FileNotFoundError(key)
        return len(self.contents[key])

    @override
    def exists(self, key: str) -> bool:
        return key in self.contents

    @override
    def blank(self, key: str, offset: int, length: int) -> None:
        if key in self.contents:
            content = self.contents[key]
            self.contents[key] = content[:offset] + b" " * length + content[offset + length :]

    @override
    def delete(self, key: str) -> None:
        for found in list(self.contents):
            if found == key or (key.endswith("/") and found.startswith(key)):
                del self.contents[found]

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        for key, second in keys.items():
            self.contents[second] = self.read(key)

    @override
    def folders(self, key: str) -> list[str]:
        names = {at[len(key) :].partition("/")[0] for at in self.contents if at.startswith(key)}
        return sorted(names)

    @override
    def quiet_seconds(self, key: str) -> float:
        return self.quiet
