"""Files without a name, which processes share that are forked from their maker."""

import os
import tempfile


def nameless_file(purpose: str, size: int = 0) -> int:
    """Make a file in memory; it ends with the last process that has it open.

    On Linux it needs no folder: a container may have none that can be written, or a full one.

    Args:
        purpose: a name for it in `/proc`.
        size: its size, in bytes; it holds zeros.

    Returns:
        Its descriptor.
    """
    if hasattr(os, "memfd_create"):
        file = os.memfd_create(purpose)
    else:
        with tempfile.TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    os.ftruncate(file, size)
    return file
