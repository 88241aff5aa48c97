"""A lock between processes that one process has forked."""

import fcntl
import os
from types import TracebackType

from shared.nameless_file import nameless_file


class ProcessLock:
    """Lets one process at a time run a block; the kernel unlocks it for one that is killed.

    Make it before the processes are forked. It does not keep threads of one process apart.
    """

    def __init__(self) -> None:
        self._file = nameless_file("scorelane-lock")

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
