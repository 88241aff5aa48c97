"""The size of a page of rows, and the memory that making one takes."""

from threading import Lock

from api.process.memory import give_back
from shared.tables.parts import Part

#: A page of rows ends where its rows take about this many bytes: their carried cells may be long.
PAGE_BYTES = 4 * 1024 * 1024

#: Held while a process makes a page, or a part in another format: each is in memory several times.
page_turns = Lock()

#: From this many bytes on, memory is given back to the system after a page or a part was made.
_LARGE_BYTES = 1024 * 1024


def give_back_after(size: int) -> None:
    """Return memory to the system after a page or a part of `size` bytes was made, if it is large.

    The cells of long rows leave holes, which the next page may not fill.
    """
    if size > _LARGE_BYTES:
        give_back()


def rows_for_page(content: bytes, part: Part, wanted: int, room: float) -> int:
    """How many of the rows that are wanted of a part a page takes: one at least.

    Args:
        content: of the part.
        part: tells its rows.
        wanted: how many rows the page still lacks.
        room: how many bytes.
    """
    return min(wanted, max(int(part.rows * room / max(len(content), 1)), 1))
