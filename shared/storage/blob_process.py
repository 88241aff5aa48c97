"""Object storage for a process that forks others: a process of its own uses it.

The main process of a worker forks scoring processes at any time, and obstore hangs in a process
that was forked from one that has used it. The main process reads and writes only small blobs, such
as manifests, so they pass through a pipe whole.
"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from threading import Lock
from typing import Any, BinaryIO

from typing_extensions import override

from shared.config.object_address import object_address
from shared.storage.blobs import BlobStore
from shared.storage.object_blobs import ObjectBlobs

#: How often the process looks whether the one that has started it still lives, in seconds.
_LOOK_SECONDS = 1.0


class ProcessBlobs(BlobStore):
    """Blobs in object storage, which another process reads and writes.

    It is started by the first call, and again by the next one if it has died. Calls of several
    threads follow each other.
    """

    def __init__(self, url: str) -> None:
        """Take the address of the blobs."""
        self._url = url
        self._lock = Lock()
        self._pipe: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def _call(self, method: str, *arguments: Any) -> Any:
        with self._lock:
            if self._pipe is None:
                self._pipe, self._process = _start(self._url)
            try:
                self._pipe.send((method, arguments))
                is_raised, value = self._pipe.recv()
            except (EOFError, OSError):
                self._end()
                raise OSError(0, "the process for object storage has ended") from None
        if is_raised:
            raise value
        return value

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._pipe and self._process:
            self._pipe.close()
            self._process.kill()
            self._process.wait()
        self._pipe = None

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


def _start(url: str) -> tuple[Connection, "subprocess.Popen[bytes]"]:
    """Start the process; returns the pipe by which it takes calls, too."""
    own, its = Pipe()
    with its:
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "shared.storage.blob_process", str(its.fileno()), url],
            pass_fds=[its.fileno()],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Signals to the worker's group, such as Ctrl-C, are for the worker alone.
            start_new_session=True,
        )
    return own, process


def main(descriptor: int, url: str) -> None:
    """Answer calls until the process that has started this one is gone."""
    parent = os.getppid()
    blobs = ObjectBlobs(object_address(url))
    with Connection(descriptor) as pipe:
        while True:
            # Not only by the end of the pipe: processes forked from the parent have it open, too.
            while not pipe.poll(_LOOK_SECONDS):
                if os.getppid() != parent:
                    return
            try:
                method, arguments = pipe.recv()
            except EOFError:
                return
            try:
                answer = False, getattr(blobs, method)(*arguments)
            except Exception as error:  # noqa: BLE001  the caller raises it
                answer = True, error
            pipe.send(answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
