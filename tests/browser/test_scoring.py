"""A person has a file scored, in Chromium: from the drop to the saved scores."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.files import csv_file
from support.browser.window import Window, download, drop
from support.owners import ALICE
from support.programs import Programs, check_rows, read_results


def score(page: Page, file: Path) -> None:
    """Drop a file on the page for a new job, start the job, and wait until it has succeeded."""
    drop(page.locator("main"), file)
    page.get_by_role("button", name="Start the job").click()
    expect(page.locator(".job-state")).to_have_text("Succeeded", timeout=300_000)


def test_a_large_file_is_scored(page: Page, tmp_path: Path) -> None:
    """A person drops 200,000 rows, sees the job succeed, and saves the score of each row."""
    file, rows = csv_file(tmp_path, 200_000)
    open_console(page, "/#/new")
    score(page, file)
    check_axe(page)
    saved = download(page, page.get_by_role("button", name="CSV", exact=True).click, tmp_path)
    check_rows(read_results(saved), rows)


def test_a_person_with_a_key_saves_scores(
    new_window: Callable[..., Window], keyed_service: Programs, tmp_path: Path
) -> None:
    """A download needs no key in its address, although the browser itself sends none."""
    page = new_window(keyed_service).page
    file, rows = csv_file(tmp_path, 1_000)
    open_console(page, "/#/new", key=ALICE.key)
    score(page, file)
    saved = download(page, page.get_by_role("button", name="CSV", exact=True).click, tmp_path)
    check_rows(read_results(saved), rows)
