"""Writes the tables of docs/benchmarks.md from the JSON results: `python -m benchmarks.page`.

The page has a pair of marks where the tables of a benchmark belong:

    <!-- figures: bulk -->
    <!-- end of figures -->

What stands between them is replaced by the tables of `benchmarks/results/bulk.json`, with the date
and the machine. Where there is no such file, what stands there is kept.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

from benchmarks.report import RESULTS, number

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

END = "<!-- end of figures -->"
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
_MISSED = ", **not reached**"
_MARKS = re.compile(rf"<!-- figures: (\w+) -->\n.*?{END}", re.DOTALL)


@click.command()
@click.option(
    "--json",
    "folder",
    default=RESULTS,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder with the figures, as JSON.  [default: benchmarks/results]",
)
@click.option(
    "--page",
    default=PAGE,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The page to write.  [default: docs/benchmarks.md]",
)
def main(folder: Path, page: Path) -> None:
    """Write the tables of the page from the results of the last runs."""
    before = page.read_text(encoding="utf-8")
    kept = [name for name in _MARKS.findall(before) if not (folder / f"{name}.json").exists()]
    try:
        page.write_text(filled(before, folder), encoding="utf-8")
    except ValueError as error:
        sys.exit(str(error))
    if kept:
        click.echo(f"Kept as they were, without results in {folder}: {', '.join(kept)}")


def filled(page: str, folder: Path) -> str:
    """The text of a page with the tables of the results in `folder` between its marks.

    Raises:
        ValueError: a result is of a quick run, which has no figures, or has wrong answers.
    """

    def figures(mark: re.Match[str]) -> str:
        file = folder / f"{mark[1]}.json"
        if not file.exists():
            return mark[0]
        result = json.loads(file.read_text(encoding="utf-8"))
        if result["options"]["quick"]:
            raise ValueError(
                f"{file} is of a quick run, which has no figures to show: run it again"
            )
        if wrong := [what for table in result["tables"] for what in table["wrong"]]:
            raise ValueError(f"{file} is of a run with wrong answers: {wrong[0]}")
        blocks = [f"<!-- figures: {mark[1]} -->", *map(_table, result["tables"]), _machine(result)]
        return "\n\n".join(blocks) + f"\n\n{END}"

    return _MARKS.sub(figures, page)


def _table(table: dict[str, Any]) -> str:
    """A table of a benchmark in Markdown: its title, its columns that are not empty, its notes."""
    rows, (what, ours, reference) = table["rows"], table["columns"]
    columns = [
        (what, [row["what"] for row in rows]),
        (ours, [_figure(row["ours"], row["unit"]) for row in rows]),
        (reference, [_figure(row["reference"], row["unit"]) for row in rows]),
        ("ratio", [_bold(row["ratio"]) for row in rows]),
        ("floor", [row["floor"] + _MISSED * (row["reached"] is False) for row in rows]),
        ("", [row["note"] for row in rows]),
    ]
    drawn = [[heading, "---", *cells] for heading, cells in columns if any(cells)]
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in zip(*drawn, strict=True))
    # A line of the page has one sentence; one may be spread over several notes.
    notes = _SENTENCE_END.sub("\n", " ".join(table["notes"]))
    blocks = [f"**{table['title']}**", lines, notes]
    return "\n\n".join(filter(None, blocks))


def _bold(ratio: float | None) -> str:
    return "" if ratio is None else f"**{number(ratio)}**"


def _figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{number(value)} {unit}".strip()


def _machine(result: dict[str, Any]) -> str:
    here = result["machine"]
    return (
        f"Measured on {here['at'][:10]} with Python {here['python']}: {here['processor']}, "
        f"{here['cores']} cores, {here['memory_gb']} GB, load {here['load_at_begin']} before."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.page")
