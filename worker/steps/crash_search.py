"""Finds the rows that kill the process that scores them, over several such processes.

A process that crashes, is killed for its memory or hangs over a text cannot report that. So it
saves a note in the job's record before it scores: which rows are in doubt. The next process that
takes up the part reads the note.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

#: How many pieces a run of rows in doubt is cut into. Two would need fewer notes, but the death of
#: fifteen processes for a part of 20,000 rows; sixteen need four. It takes seconds to replace one.
PIECES = 16

#: Attempts to score a part in pieces, after the ordinary ones: enough for some ten fatal rows.
SEARCH_ATTEMPTS = 40

#: A run of rows of a part, as a half-open interval: the first row, and the row after the last.
Run = tuple[int, int]


def total_attempts(max_attempts: int) -> int:
    """How often a part is taken up at most: `max_attempts` times whole, and then in pieces."""
    return max_attempts + SEARCH_ATTEMPTS


@dataclass
class CrashSearch:
    """What is known about the rows of a part that has killed its processes.

    Attributes:
        in_doubt: runs of rows that may contain a fatal one, in order. All other rows are harmless,
            or known to be fatal.
        fatal: rows that killed a process when they were scored alone.
    """

    in_doubt: list[Run]
    fatal: list[int] = field(default_factory=list)

    @classmethod
    def after(cls, note: str, rows: int) -> Self:
        """Continue the search after the death of the process that saved a note.

        Args:
            note: the note, as `note` writes it; empty if there is none yet.
            rows: the number of rows of the part.
        """
        if not note:
            return cls(_pieces((0, rows)))
        in_doubt, fatal = json.loads(note)
        # That process died while it scored the first run.
        killer, *rest = [(begin, end) for begin, end in in_doubt]
        if killer[1] - killer[0] == 1:
            return cls(rest, [*fatal, killer[0]])
        return cls([*_pieces(killer), *rest], fatal)

    def note(self) -> str:
        """The note to save before the first run in doubt is scored; JSON."""
        return json.dumps([self.in_doubt, self.fatal])

    def harmless(self, rows: int) -> Iterator[Run]:
        """Yield the runs between those in doubt, of `rows` in all; fatal rows are among them."""
        at = 0
        for begin, end in [*self.in_doubt, (rows, rows)]:
            if begin > at:
                yield at, begin
            at = end


def _pieces(run: Run) -> list[Run]:
    begin, end = run
    size = max(-(-(end - begin) // PIECES), 1)
    return [(at, min(at + size, end)) for at in range(begin, end, size)]
