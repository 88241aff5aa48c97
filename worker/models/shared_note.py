"""A note in memory that one process writes, and processes that share its file read.

There is no lock, because a process that is killed while it holds one would stop the others. A note
that is read while it is written, or whose writer was killed within, has another checksum.
"""

import json
import os
import struct
import time
import zlib
from typing import Any

from shared.nameless_file import nameless_file

#: The length of the content and its checksum, in front of it.
_HEAD = struct.Struct("<II")

#: How often a note that is just being written is read again, and the pause in between in seconds.
_ATTEMPTS, _PAUSE = 20, 0.001


class SharedNote:
    """A note, as JSON; make it before the processes are forked that share it.

    Attributes:
        file: the descriptor of its file, for a process that is started in another way.
    """

    def __init__(self, file: int | None = None) -> None:
        """Make a note, or take that of an inherited file."""
        self.file = nameless_file("scorelane-note") if file is None else file

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)

    def write(self, note: Any) -> None:
        """Write a note in place of the last one. One process at a time may do so."""
        content = json.dumps(note).encode()
        head = _HEAD.pack(len(content), zlib.crc32(content))
        os.pwrite(self.file, head + content, 0)

    def read(self) -> Any:
        """The note that was written last; None: there is none, or its writer died within it."""
        for _ in range(_ATTEMPTS):
            head = os.pread(self.file, _HEAD.size, 0)
            if len(head) < _HEAD.size:
                return None
            size, checksum = _HEAD.unpack(head)
            content = os.pread(self.file, size, _HEAD.size)
            if len(content) == size and zlib.crc32(content) == checksum:
                return json.loads(content) if content else None
            time.sleep(_PAUSE)
        return None
