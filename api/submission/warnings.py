"""What a dry run warns about: texts that can be read, and probably mean something else."""

from collections.abc import Iterable

from shared.tables.cells import MISSING_WORDS

#: How many rows a warning names.
MAX_NAMED_ROWS = 5

_NAMES = {"\t": "tabs", ";": "semicolons", "|": "pipes"}


def merged_rows_warnings(
    texts: Iterable[str | None], delimiter: str, column: str = "text"
) -> list[str]:
    """Warn about texts of a CSV that contain line ends and delimiters.

    A quote that is not meant as one makes one such text of several rows. A text of several lines
    with commas is ordinary prose, so a comma-separated file is warned about its tabs alone.

    Args:
        texts: of the first rows, in their order.
        delimiter: the character between the cells.
        column: what they are called.
    """
    signs = {"\t"} | ({delimiter} & _NAMES.keys())
    found = [
        number
        for number, text in enumerate(texts, 1)
        if text and "\n" in text and any(sign in text for sign in signs)
    ]
    if not found:
        return []
    rows = ", ".join(f"{number:,}" for number in found[:MAX_NAMED_ROWS])
    more = f" and {len(found) - MAX_NAMED_ROWS:,} more" if len(found) > MAX_NAMED_ROWS else ""
    what = " or ".join(_NAMES[sign] for sign in sorted(signs))
    warning = (
        f"The {column} of row {rows}{more} contains line ends and {what}: a quote may have merged "
        "several rows. If quotes are characters like any other in this file, add quoting=none."
    )
    return [warning]


def missing_words_warnings(texts: Iterable[str | None], column: str) -> list[str]:
    """Warn about texts such as `NA`, which `pandas.read_csv` takes for a missing value.

    A model that was fitted to what it read does not know such a text as a value of the column.

    Args:
        texts: of the first rows, in their order.
        column: the name of their column, whose values may be missing.
    """
    found = [text for text in texts if text in MISSING_WORDS]
    if not found:
        return []
    warning = (
        f"Of the column {column}, {len(found):,} cells are '{found[0]}' or a similar word. The "
        "model gets it as a text, where pandas.read_csv would read a missing value. If the model "
        "was fitted to missing values, leave such cells empty."
    )
    return [warning]
