"""Writes what was tried as a page."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

_HEAD = """# Models that were tried

Each model in these tables was fitted and saved by its own library, and asked by it about {rows} \
rows.
Many are odd: they have missing values, categories that the training did not have, numbers \
where trees split, extreme ones, texts with unusual characters.
Then its file was added as `add-model` does, and the rows were scored as a worker does from a CSV.

Of {count} models {accepted} are served, and {refused} are refused, with the reason that is shown.
The difference is the largest one of any number in any row, as a share of the \
number if that is over 1.
At most 1e-12 is allowed, and 1e-6 for models that compute with 32 bits (ONNX, Keras).
Labels are equal in all rows.
The rates are in rows per second, for the model alone in one process, while the machine was busy.
[Benchmarks](benchmarks.md) are measured with more care.

    PYTHONPATH=.:tests python tests/programs/models_table.py \\
        --environments FOLDER --page docs/models-tried.md

makes the models and this page again; the folder gets an environment for each set of libraries.
Versions, where a heading names no other: {versions}.
"""

_COLUMNS = """
## {group}

| model | run by | columns | largest difference | rows/s |
|---|---|---|---|---|
"""


def page(results: Sequence[dict[str, Any]], versions: str, rows: int) -> str:
    """The page about the results of `trying.tried`, in the order of their groups."""
    accepted = sum(one["accepted"] for one in results)
    text = _HEAD.format(
        rows=rows,
        count=len(results),
        accepted=accepted,
        refused=len(results) - accepted,
        versions=versions,
    )
    groups = list(dict.fromkeys(one["group"] for one in results))
    ordered = sorted(results, key=lambda one: groups.index(one["group"]))
    for group, ones in groupby(ordered, key=itemgetter("group")):
        text += _COLUMNS.format(group=group) + "".join(map(_line, ones))
    return text


def _line(one: dict[str, Any]) -> str:
    name = one["name"].replace("|", "\\|")
    if not one["accepted"]:
        reason = one["reason"].replace("|", "\\|").replace("_", "\\_")
        return f"| {name} | refused: {reason} | | | |\n"
    rate = float(f"{one['rate']:.2g}") if one["rate"] else 0
    cells = (
        one["runtime"],
        f"{one['takes']} to {one['gives']}",
        f"{one['difference']:.0e}" if one["difference"] else "0",
        f"{rate:,.0f}",
    )
    return f"| {name} | {' | '.join(cells)} |\n"
