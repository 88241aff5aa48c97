"""The first rows of results as tables."""

from rich.table import Table

from scorelane.commands.common.result_summary import SCORE, Summary
from scorelane.commands.common.tables import add_row, table_of

#: How many characters of a text are shown.
TEXT_CHARS = 48

#: How many outputs are shown.
MOST_OUTPUTS = 4


def first_rows(summary: Summary, texts: list[str]) -> list[Table]:
    """The first rows, in tables each of which is narrower than the one before.

    A row with an error shows it in place of its first output.

    Args:
        summary: of the results.
        texts: of the first rows; empty if they are not known.
    """
    outputs = summary.outputs[:MOST_OUTPUTS]
    names = ["score" if name == SCORE else name for name in outputs]
    wide = table_of("ref", *names, last="text")
    all_outputs = table_of("ref", *names[:-1], last=names[-1])
    narrow = table_of("ref", last=names[0])
    for at, (ref, *cells, error) in enumerate(summary.first):
        shown = [error or _short(cell, name) for cell, name in zip(cells, outputs, strict=False)]
        if error:
            shown[1:] = [""] * (len(shown) - 1)
        text = _cut(" ".join(texts[at].split())) if at < len(texts) else ""
        add_row(wide, ref, *shown, text)
        add_row(all_outputs, ref, *shown)
        add_row(narrow, ref, shown[0])
    return [*([wide] if texts else []), all_outputs, narrow]


def _short(cell: str, output: str) -> str:
    """A number with the digits that matter; other values as far as they fit."""
    try:
        number = float(cell)
    except ValueError:
        return _cut(cell)
    if output == SCORE:
        return f"{number:.3f}"
    # Whole numbers stay whole.
    return cell if cell.lstrip("-").isdigit() else f"{number:.6g}"


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - 1] + "…"
