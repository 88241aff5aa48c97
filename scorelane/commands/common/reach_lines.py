"""What a job's model has read of its texts, as lines of text: why a score may say little."""

from collections.abc import Iterator
from typing import Any


def reach_lines(found: dict[str, Any]) -> Iterator[str]:
    """The reach in a service's summary of a job; nothing for a table, or from an older service.

    Args:
        found: the summary.
    """
    reach = found.get("reach")
    if not reach:
        return
    if reach["rows"]:
        share = reach["known_words"]
        yield (
            "The texts have no words."
            if share is None
            else f"The model knows {share:.1%} of the words of the texts."
        )
        few, none = reach["few_known_words"], reach["no_known_words"]
        if few:
            yield (
                f"  {_rows(few, reach)}: it knows fewer than half of the words, so the score says "
                f"little; of {none:,} it knows none."
            )
        if reach["other_language"]:
            yield f"  {_rows(reach['other_language'], reach)}: it looks like another language."
        if reach["text_cut"]:
            yield (
                f"  {_rows(reach['text_cut'], reach)}: the text is longer than the model reads; "
                "the rest does not count."
            )
    if reach["note"]:
        yield f"What the model has read of the texts: {reach['note']}"


def _rows(rows: int, reach: dict[str, Any]) -> str:
    return f"{rows:,} of {reach['rows']:,} rows"
