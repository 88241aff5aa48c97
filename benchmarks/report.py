"""The results of a benchmark: tables of medians and their ratios, printed and written as JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

#: Where the JSON of the figures is written, unless another folder is named; git ignores it.
RESULTS = Path(__file__).resolve().parent / "results"

#: One measurement, or the measurements of all rounds, whose median is used.
Measured = float | Sequence[float]


class BadUse(Exception):
    """The options cannot be used; the message says what to do instead."""


@dataclass(frozen=True)
class Options:
    """The options of a benchmark.

    Attributes:
        quick: few rounds and small sizes, to check correctness only.
        long: a longer file where memory is measured that must not grow.
        csv: a CSV with the user's own texts; None means generated reviews.
        seed: the seed of the generated reviews.
    """

    quick: bool = False
    long: bool = False
    csv: Path | None = None
    seed: int = 1


@dataclass(frozen=True)
class Row:
    """One line of a table. Use `faster`, `quicker`, `within` or `figure` to make one.

    Attributes:
        what: the name of the measured quantity.
        unit: the unit of `ours` and `reference`.
        ours: the median of Scorelane's measurements.
        reference: the median of the reference's measurements.
        ratio: how many times better Scorelane is than the reference.
        floor: the target, as text.
        reached: whether the target was reached; None without a target.
        rounds: contestant -> all measurements.
        note: a remark on this line.
    """

    what: str
    unit: str
    ours: float
    reference: float | None = None
    ratio: float | None = None
    floor: str = ""
    reached: bool | None = None
    rounds: dict[str, list[float]] = field(default_factory=dict)
    note: str = ""


@dataclass
class Table:
    """A table of one benchmark.

    Attributes:
        title: the title of the table.
        columns: the headings of the quantity, of Scorelane's figure and of the reference's.
        rows: the lines of the table.
        notes: facts that a reader needs to repeat or judge the measurements.
        wrong: the correctness checks that failed; if there are any, the run fails.
    """

    title: str
    columns: tuple[str, str, str] = ("", "ours", "reference")
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def check(self, holds: bool, otherwise: str) -> None:
        """Record `otherwise` as wrong unless `holds` is true."""
        if not holds:
            self.wrong.append(otherwise)


def faster(
    what: str,
    ours: Measured,
    reference: Measured,
    *,
    unit: str = "rows/s",
    floor: float | None = None,
    note: str = "",
) -> Row:
    """A row of rates, where more is better; `floor` is the minimum of ours / reference."""
    ratio = _median(ours) / _median(reference)
    return _compared(what, unit, ours, reference, ratio, floor, note)


def quicker(
    what: str,
    ours: Measured,
    reference: Measured,
    *,
    unit: str = "ms",
    floor: float | None = None,
    note: str = "",
) -> Row:
    """A row of times, where less is better; `floor` is the minimum of reference / ours."""
    ratio = _median(reference) / _median(ours)
    return _compared(what, unit, ours, reference, ratio, floor, note)


def within(
    what: str,
    ours: Measured,
    limit: float,
    *,
    unit: str,
    reference: Measured | None = None,
    note: str = "",
) -> Row:
    """A row with an upper limit, of ours or, with a reference, of ours - reference."""
    value = _median(ours)
    if reference is None:
        return Row(
            what,
            unit,
            value,
            floor=f"<= {number(limit)} {unit}",
            reached=value <= limit,
            rounds=_rounds(ours=ours),
            note=note,
        )
    base = _median(reference)
    return Row(
        what,
        unit,
        value,
        base,
        base / value if value else None,
        f"<= {number(limit)} {unit} more",
        value - base <= limit,
        _rounds(ours=ours, reference=reference),
        note,
    )


def figure(what: str, ours: Measured, *, unit: str, note: str = "") -> Row:
    """A row with a figure that has no reference and no target."""
    return Row(what, unit, _median(ours), rounds=_rounds(ours=ours), note=note)


def interleave(contestants: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run contestants in turn, A B C A B C, so that disturbances affect all of them equally.

    Args:
        contestants: name -> function that does one run and returns its figure.
        rounds: the number of runs of each.

    Returns:
        Name -> the figures of its runs.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            figures[name].append(run())
    return figures


def show(tables: list[Table], here: dict[str, Any]) -> None:
    """Print tables, and below them the machine and the versions."""
    # A pipe has no width, and rich would assume 80 columns.
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=140)
    for table in tables:
        console.print(_grid(table))
        for note in table.notes:
            console.print(Text(f"  {note}", style="dim"))
        for what in table.wrong:
            console.print(Text(f"  WRONG: {what}", style="bold red"))
    libraries = ", ".join(f"{name} {found}" for name, found in here["libraries"].items())
    console.print(
        Text(
            f"\n{here['at']}  {here['processor']}, {here['cores']} cores, {here['memory_gb']} GB, "
            f"load {here['load_at_begin']}; Python {here['python']}; {libraries}",
            style="dim",
        )
    )


def write_json(
    folder: Path, name: str, tables: list[Table], *, options: Options, here: dict[str, Any]
) -> Path:
    """Write the tables of a benchmark to `folder/name.json`; returns the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    content = {
        "benchmark": name,
        "options": asdict(options),
        "machine": here,
        "tables": [asdict(table) for table in tables],
    }
    path.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
    return path


def _compared(
    what: str,
    unit: str,
    ours: Measured,
    reference: Measured,
    ratio: float,
    floor: float | None,
    note: str,
) -> Row:
    return Row(
        what,
        unit,
        _median(ours),
        _median(reference),
        ratio,
        "" if floor is None else f">= {floor:g} x",
        None if floor is None else ratio >= floor,
        _rounds(ours=ours, reference=reference),
        note,
    )


def _median(measured: Measured) -> float:
    return float(measured) if isinstance(measured, int | float) else float(median(measured))


def _rounds(**measured: Measured) -> dict[str, list[float]]:
    return {
        name: [float(each)] if isinstance(each, int | float) else list(map(float, each))
        for name, each in measured.items()
    }


def _grid(table: Table) -> Grid:
    grid = Grid(title=table.title, title_justify="left", box=box.SIMPLE_HEAD)
    what, ours, reference = table.columns
    grid.add_column(what)
    for heading in (ours, reference, "unit", "ratio"):
        grid.add_column(heading, justify="left" if heading == "unit" else "right")
    grid.add_column("floor")
    grid.add_column("reached")
    grid.add_column("")
    for row in table.rows:
        grid.add_row(
            row.what,
            number(row.ours),
            "" if row.reference is None else number(row.reference),
            row.unit,
            "" if row.ratio is None else f"{number(row.ratio)} x",
            row.floor,
            {None: "", True: "yes", False: "[red]NO[/red]"}[row.reached],
            row.note,
        )
    return grid


def number(value: float) -> str:
    """Format a number with three significant digits, or with all digits of its integer part."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2e}" if abs(value) < 1e-3 else f"{value:.3g}"
