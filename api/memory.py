"""What the API asks of the C library's memory."""

import ctypes
from contextlib import suppress

#: Of malloc.h.
M_ARENA_MAX = -8


def share_memory() -> None:
    """Have the threads of a process share two heaps; call it before there are threads.

    glibc gives eight a core to a process, and what a thread has freed stays in its own: twenty-four
    clients that had results converted to Parquet took 400 MB, and take 200 so.
    """
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
