"""What the API asks of the C library's memory."""

import ctypes
from contextlib import suppress

#: Of malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8

#: So many bytes that were freed stay in each heap, and may be a piece of it.
KEPT_BYTES, LARGEST_PIECE = 16 * 1024 * 1024, 8 * 1024 * 1024


def share_memory() -> None:
    """Have the threads of a process share two heaps; call it before there are threads.

    glibc gives eight a core to a process, and what a thread has freed stays in its own: twenty-four
    clients that had results converted to Parquet took 400 MB, and take 200 so.

    And it gives back to the system what is free at the end of a heap, in pages that are fetched
    again for the next megabyte of an upload: 40,000 of them for one of 100 MB.
    """
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, 2)
        library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_PIECE)
