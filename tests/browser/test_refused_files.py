"""Files that cannot be scored, dropped in Chromium: each is refused with a reason and a remedy."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.window import Window, drop
from support.programs import Programs

#: The largest file that the service takes, in bytes.
MOST = 100_000

GOOD = b"ref,text\n1,good\n"


@pytest.fixture(scope="module")
def strict(start_service: Callable[..., Programs]) -> Programs:
    """A service that takes small files only."""
    return start_service(processes="1", max_upload_bytes=str(MOST), max_json_bytes=str(MOST))


@pytest.mark.parametrize(
    ("name", "content", "reason", "remedy"),
    [
        (
            "picture.csv",
            b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
            "a picture (PNG)",
            "Send a table",
        ),
        ("empty.csv", b"", "is empty", "Send at least one row"),
        ("header.csv", b"ref,text\n", "a header and no row", "Send at least one row"),
        ("columns.csv", b"a,b\n1,2\n3,4\n", "columns that have other names", "Choose them above"),
        ("charset.csv", b"ref,text\n1,caf\xe9 \xff\x81\n", "byte 14 (0xe9)", "Save it as UTF-8"),
        ("broken.csv.gz", gzip.compress(GOOD * 999)[:60], "ends too early", "Pack it again"),
        ("words.json", b"these are words", "is not JSON", "Send {"),
        ("words.ndjson", b"these are words\n", "is not JSON", "Send one object a line"),
        ("words.parquet", b"these are words", "Parquet file cannot be read", "Write it again"),
        ("large.csv", GOOD * MOST, "The file has 1.6 MB", "takes up to 100 kB of CSV"),
        ("large.json", b"[" + b"1," * MOST + b"1]", "The file has 200 kB", "up to 100 kB of JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_a_file_is_refused(
    new_window: Callable[..., Window],
    strict: Programs,
    tmp_path: Path,
    name: str,
    content: bytes,
    reason: str,
    remedy: str,
) -> None:
    """The page says why and what to do; what was entered is kept for a better file."""
    window = new_window(strict)
    window.faults.allow("4..: POST .*validate=true")
    page = window.page
    bad, good = tmp_path / name, tmp_path / "good.csv"
    bad.write_bytes(content)
    good.write_bytes(GOOD)
    open_console(page, "/#/new")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Labels").fill("team:growth")
    drop(page.locator("main"), bad)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(reason)
    expect(alert).to_contain_text(remedy)
    expect(page.get_by_role("button", name="Start the job")).to_be_disabled()
    check_axe(page)
    drop(page.locator("main"), good)
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_label("Labels")).to_have_value("team:growth")


def test_rows_with_too_many_cells_are_named(
    new_window: Callable[..., Window], strict: Programs, tmp_path: Path
) -> None:
    """A row that is broken is no reason to refuse the others: it is named, and gets no score."""
    path = tmp_path / "ragged.csv"
    path.write_bytes(b"ref,text\n1,good\n2,so,many,cells\n3\n4,bad\n")
    page = new_window(strict).page
    open_console(page, "/#/new")
    drop(page.locator("main"), path)
    said = page.locator(".preview .notice")
    expect(said).to_contain_text("2 of the 4 rows that were checked have an error")
    expect(said.get_by_role("listitem").first).to_contain_text("Row 2:")
    expect(said.get_by_role("listitem").last).to_contain_text("Row 3:")
    page.get_by_role("button", name="Start the job").click()
    expect(page.locator(".job-state")).to_have_text("Succeeded")
    expect(page.locator(".job-kinds li")).to_have_text(["Too few or too many cells2"])


def test_a_service_that_takes_less_says_so(
    new_window: Callable[..., Window], strict: Programs
) -> None:
    """The most that the service takes is said before a person chooses a file."""
    page = new_window(strict).page
    open_console(page, "/#/new")
    expect(page.get_by_text("up to 100 kB")).to_be_visible()
