"""What a dry run warns about: texts that can be read, and are probably several rows."""

from collections.abc import Iterable

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
