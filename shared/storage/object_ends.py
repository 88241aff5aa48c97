"""Remembers how objects end, so that the checksums of one are not asked for with each range."""

from contextlib import suppress
from typing import TYPE_CHECKING

from shared.storage.object_files import Range

if TYPE_CHECKING:
    from obstore import ObjectMeta

#: Of how many objects the ends are kept; that of one of 100 MB has 3 KB.
MOST_ENDS = 2048

#: A sealed blob ends with 8 bytes for each 256 KiB and a tail (`shared.storage.seal`).
_BYTES_PER_SUM, _BYTES_OF_TAIL = 32 * 1024, 64


class ObjectEnds:
    """The ends of the objects of which ranges were read last, by key; for several threads.

    An object may be replaced or deleted by others meanwhile. So an end is used only together with a
    range that is asked for on the condition that the object is still the same.
    """

    def __init__(self) -> None:
        self._ends: dict[str, tuple[Range, ObjectMeta]] = {}

    def get(self, key: str) -> "tuple[Range, ObjectMeta] | None":
        """The end of an object, and what the store said about the object; None: not known."""
        return self._ends.get(key)

    def keep(self, key: str, end: Range, meta: "ObjectMeta") -> None:
        """Remember the end of an object, as far as it has checksums."""
        kept = min(len(end.content), end.size // _BYTES_PER_SUM + _BYTES_OF_TAIL)
        content = memoryview(bytes(end.content[len(end.content) - kept :]))
        self._ends[key] = Range(end.end - kept, content, end.size), meta
        while len(self._ends) > MOST_ENDS:
            with suppress(StopIteration, RuntimeError):  # another thread changes it, too
                self._ends.pop(next(iter(self._ends)), None)

    def forget(self, key: str) -> None:
        """Forget an object; if `key` ends in `/`, all objects whose keys begin with it."""
        if not key.endswith("/"):
            self._ends.pop(key, None)
            return
        for known in [one for one in list(self._ends) if one.startswith(key)]:
            self._ends.pop(known, None)
