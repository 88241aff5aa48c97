"""A lock between processes that one process has forked."""

import fcntl
import os
import tempfile
from types import TracebackType


class ProcessLock:
    """Lets one process at a time run a block; the kernel unlocks it for one that is killed.

    Make it before the processes are forked. It does not keep threads of one process apart.
    """

    def __init__(self) -> None:
        # The file has no name, so nothing is left of it.
        with tempfile.TemporaryFile() as file:
            self._file = os.dup(file.fileno())

    def __del__(self) -> None:
        os.close(self._file)

    def __enter__(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)
