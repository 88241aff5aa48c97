"""Finds the rows that end the process they are scored in, over several processes.

Such a process learns nothing any more: a crash, the kernel's want of memory, a text that takes for
ever. So what is about to be scored is noted in the job's record first, and the next process that
takes up the part finds the note.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

#: A run of rows in doubt is cut into so many pieces. Halves would need fewer notes, and fifteen
#: dead processes for a part of 20,000 rows; these need four, and each takes seconds to replace.
PIECES = 16

#: Attempts at a part by pieces, behind its ordinary ones: enough for some ten fatal rows.
ATTEMPTS = 40

#: Rows of a part, from the first to before the second.
Run = tuple[int, int]


def most_attempts(max_attempts: int) -> int:
    """How often a part is taken up at all: whole so often, and then by pieces."""
    return max_attempts + ATTEMPTS


@dataclass
class CrashSearch:
    """What is known of the rows of a part that has ended its processes.

    Attributes:
        doubted: runs of rows among which there may be a fatal one, in order; all others are
            harmless, or known to be fatal.
        fatal: rows that ended a process by themselves.
    """

    doubted: list[Run]
    fatal: list[int] = field(default_factory=list)

    @classmethod
    def after(cls, note: str, rows: int) -> Self:
        """What follows from the note that the last process left, of a part of so many rows.

        Args:
            note: as `note` writes it; empty where there is none.
            rows: of the part.
        """
        if not note:
            return cls(_pieces((0, rows)))
        doubted, fatal = json.loads(note)
        # The first run was being scored, and ended that process.
        ended, *rest = [(begin, end) for begin, end in doubted]
        if ended[1] - ended[0] == 1:
            return cls(rest, [*fatal, ended[0]])
        return cls([*_pieces(ended), *rest], fatal)

    def note(self) -> str:
        """What to leave behind before the first run in doubt is scored."""
        return json.dumps([self.doubted, self.fatal])

    def harmless(self, rows: int) -> Iterator[Run]:
        """The runs between those in doubt, of a part of so many rows; the fatal rows among them."""
        at = 0
        for begin, end in [*self.doubted, (rows, rows)]:
            if begin > at:
                yield at, begin
            at = end


def _pieces(run: Run) -> list[Run]:
    begin, end = run
    size = max(-(-(end - begin) // PIECES), 1)
    return [(at, min(at + size, end)) for at in range(begin, end, size)]
