"""What a worker asks of the C library's memory."""

import ctypes
from contextlib import suppress

#: Of malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next part.

    By itself it gives arrays back to the kernel at once, which must clear each page when they are
    wanted again: a tenth of the scoring time. What is kept is what the largest part took.
    """
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 64 * 2**20)
        libc.mallopt(M_TRIM_THRESHOLD, 512 * 2**20)
