"""Object storage for a process that forks others: a process of its own uses it.

The main process of a worker forks scoring processes at any time, and obstore hangs in a process
that was forked from one that has used it. The main process reads and writes only small blobs, such
as manifests, so they pass through a pipe whole.
"""

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from typing_extensions import override

from shared.called_process import CalledProcess, answer_calls
from shared.config.object_address import object_address
from shared.storage.blobs import BlobStore
from shared.storage.object_blobs import ObjectBlobs


class ProcessBlobs(BlobStore):
    """Blobs in object storage, which another process reads and writes; see `CalledProcess`."""

    def __init__(self, url: str) -> None:
        """Take the address of the blobs."""
        self._helper = CalledProcess("shared.storage.blob_process", url)
        self._call = self._helper.call

    def close(self) -> None:
        """End the process."""
        self._helper.close()

    @override
    def identity(self) -> str:
        return str(self._call("identity"))

    @override
    def remove_unfinished(self) -> int:
        return int(self._call("remove_unfinished"))

    @override
    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        file = io.BytesIO()
        yield file
        self.put(key, file.getvalue())

    @override
    def put(self, key: str, content: bytes) -> None:
        self._call("put", key, content)

    @override
    def open(self, key: str, offset: int = 0, *, expect: int = -1) -> BinaryIO:
        del expect
        file = io.BytesIO(self.read(key))
        file.seek(offset)
        return file

    @override
    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        content: bytes = self._call("read", key, offset, length)
        return content

    @override
    def size(self, key: str) -> int:
        return int(self._call("size", key))

    @override
    def exists(self, key: str) -> bool:
        return bool(self._call("exists", key))

    @override
    def blank(self, key: str, offset: int, length: int) -> None:
        self._call("blank", key, offset, length)

    @override
    def delete(self, key: str) -> None:
        self._call("delete", key)

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        self._call("link", dict(keys))

    @override
    def folders(self, key: str) -> list[str]:
        return list(self._call("folders", key))

    @override
    def quiet_seconds(self, key: str) -> float:
        return float(self._call("quiet_seconds", key))


def main(descriptor: int, url: str) -> None:
    """Answer calls until the process that has started this one is gone."""
    answer_calls(descriptor, ObjectBlobs(object_address(url)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
