"""What the model has read of the texts of a job, as `/jobs/<id>/summary` has it."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import Count
from shared.drift.counts import ReachCounts

_UNKNOWN = (
    "This model cannot tell which words it knows, or a release before this one scored the rows."
)
_IN_PART = (
    "Of {rows:,} other rows it is not known: their results were stored by an earlier attempt."
)


class ReachSummary(TypedDict):
    """What the model has read of the texts of a job, in numbers of rows."""

    rows: Annotated[int, Field(ge=0, description="The rows of which it is known.")]
    known_words: Annotated[
        float | None,
        Field(ge=0, le=1, description="The share of all words read that the model knows."),
    ]
    few_known_words: Annotated[
        int,
        Field(ge=0, description="The model knows fewer than half of the words, or there is none."),
    ]
    no_known_words: Annotated[
        int, Field(ge=0, description="Of these, it knows none: the score says nothing of the text.")
    ]
    text_cut: Annotated[
        int, Field(ge=0, description="The text has more words than the model reads.")
    ]
    other_language: Annotated[
        int,
        Field(
            ge=0,
            description="The text looks like another language than the model's: most of its "
            "letters are of another script, or far fewer of its words are known than usual.",
        ),
    ]
    note: Annotated[str | None, Field(description="Of which rows it is not known, and why.")]


def reach_summary(found: ReachCounts | None, scored: int) -> ReachSummary:
    """The counts of a job.

    Args:
        found: what was counted; None: nothing.
        scored: the number of rows without an error.
    """
    counts = found or ReachCounts()
    unknown: Count = max(scored - counts.rows, 0)
    note = None
    if unknown:
        note = _IN_PART.format(rows=unknown) if counts.rows else _UNKNOWN
    return {
        "rows": counts.rows,
        "known_words": counts.known / counts.words if counts.words else None,
        "few_known_words": counts.few_known,
        "no_known_words": counts.none_known,
        "text_cut": counts.cut,
        "other_language": counts.other_language,
        "note": note,
    }
