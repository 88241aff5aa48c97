"""The drift of rows, in words and as a table."""

from collections.abc import Iterator
from typing import Any

from scorelane.commands.common.harmless import one_line
from scorelane.commands.common.tables import add_row, table_of


def drift_words(found: dict[str, Any]) -> Iterator[str]:
    """One line of a drift: the verdict, or why there is none."""
    if found["note"]:
        yield f"Drift: {one_line(found['note'])}"
        return
    names = [_title(one) for one in found["columns"] if one["verdict"] == found["verdict"]]
    where = "" if found["verdict"] == "stable" else f" ({', '.join(names)})"
    source = f", {one_line(found['reference_source'])}" if found["reference_source"] else ""
    yield (
        f"Drift: {found['verdict']}{where}, compared with {found['reference_rows']:,} reference "
        f"rows{source}."
    )


def drift_table(found: dict[str, Any]) -> Any:
    """The columns of a drift, each with its figures and its verdict."""
    table = table_of("column", right=("rows", "missing", "PSI", "distance"), last="verdict")
    for one in found["columns"]:
        missing = f"{one['missing']:.1%}"
        figures = f"{one['rows']:,}", missing, f"{one['psi']:.3f}", f"{one['distance']:.3f}"
        add_row(table, _title(one), *figures, one["verdict"])
    return table


def _title(column: dict[str, Any]) -> str:
    name, aspect = one_line(column["name"]), column["aspect"]
    return name if aspect == "value" else f"{name}: {aspect}"
