"""The tables of the page about benchmarks are those of the results."""

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import NAMES
from benchmarks.page import PAGE, filled, main
from benchmarks.report import Options, Table, faster, figure, within, write_json

HERE: dict[str, Any] = {
    "at": "2026-02-03T04:05:06+00:00",
    "python": "3.11.2",
    "processor": "A processor",
    "cores": 2,
    "memory_gb": 23.4,
    "load_at_begin": 0.1,
}
EMPTY = "# Page\n\n<!-- figures: bulk -->\n<!-- end of figures -->\n\nThe end.\n"


def result(folder: Path, *, quick: bool = False, wrong: str = "") -> None:
    """Write the result of a benchmark `bulk` with one table."""
    table = Table("Bulk", ("against", "ours", "reference"), notes=["Two rounds."])
    table.rows = [
        faster("the script", [300_000.0, 900_000.0, 400_000.0], 80_000.0, floor=12),
        figure("parts", 14, unit="", note="of 70,000 rows"),
    ]
    table.check(not wrong, wrong)
    write_json(folder, "bulk", [table], options=Options(quick=quick), here=HERE)


def test_a_table_is_written_between_its_marks(tmp_path: Path) -> None:
    """A table shows medians, ratios, floors that are missed, notes, the date and the machine."""
    result(tmp_path)
    assert filled(EMPTY, tmp_path) == (
        "# Page\n\n<!-- figures: bulk -->\n\n**Bulk**\n\n"
        "| against | ours | reference | ratio | floor |  |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| the script | 400,000 rows/s | 80,000 rows/s | **5** | >= 12 x, **not reached** |  |\n"
        "| parts | 14 |  |  |  | of 70,000 rows |\n\n"
        "Two rounds.\n\n"
        "Measured on 2026-02-03 with Python 3.11.2: A processor, 2 cores, 23.4 GB, load 0.1 before."
        "\n\n<!-- end of figures -->\n\nThe end.\n"
    )


def test_a_page_is_written_again_from_newer_results(tmp_path: Path) -> None:
    """Tables replace the former ones, and the same results give the same page."""
    result(tmp_path)
    once = filled(EMPTY, tmp_path)
    assert filled(once, tmp_path) == once
    within_limit = Table("Memory", rows=[within("a process", 30.0, 150.0, unit="MB")])
    write_json(tmp_path, "bulk", [within_limit], options=Options(), here=HERE)
    assert "| a process | 30 MB | <= 150 MB |" in filled(once, tmp_path)
    assert "the script" not in filled(once, tmp_path)


def test_tables_without_results_are_kept(tmp_path: Path) -> None:
    """Where a benchmark has no results, the page keeps its tables, and the command says so."""
    page = tmp_path / "page.md"
    page.write_text(EMPTY)
    run = CliRunner().invoke(main, ["--json", str(tmp_path), "--page", str(page)])
    assert (run.exit_code, page.read_text()) == (0, EMPTY)
    assert "without results" in run.output
    assert "bulk" in run.output


@pytest.mark.parametrize("bad", [{"quick": True}, {"wrong": "row 3 is off"}])
def test_results_that_are_no_figures_are_refused(tmp_path: Path, bad: dict[str, Any]) -> None:
    """Results of a quick run, or of one with wrong answers, come to no page."""
    result(tmp_path, **bad)
    page = tmp_path / "page.md"
    page.write_text(EMPTY)
    run = CliRunner().invoke(main, ["--json", str(tmp_path), "--page", str(page)])
    assert run.exit_code == 1
    assert "bulk.json" in run.output
    assert page.read_text() == EMPTY


def test_the_marks_of_the_page_name_benchmarks() -> None:
    """Each pair of marks of the page names a benchmark that exists."""
    text = PAGE.read_text(encoding="utf-8")
    names = re.findall(r"<!-- figures: (.*?) -->", text)
    assert set(names) <= set(NAMES)
    assert len(names) == text.count("<!-- end of figures -->")
