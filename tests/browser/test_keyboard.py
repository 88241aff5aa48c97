"""A person who uses no mouse, from a file to its scores."""

import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from support.browser.console import open_console
from support.browser.files import csv_file
from support.browser.keyboard import focused, tab_to
from support.browser.window import Window, download
from support.programs import Programs, check_rows, read_results, signal_all


def press(page: Page, name: str, role: str = "button") -> None:
    """Go to a control by the Tab key, and press Enter."""
    tab_to(page.get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]
    page.keyboard.press("Enter")


def choose(page: Page, file: Path) -> None:
    """Choose a file by the button of the page."""
    with page.expect_file_chooser() as chooser:
        press(page, "Choose a file")
    chooser.value.set_files(file)
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()


def test_the_keyboard_is_enough(
    new_window: Callable[..., Window], own_service: Programs, tmp_path: Path
) -> None:
    """Choose a file, start, follow, find a row, download, delete; and cancel another job.

    After each step the focus is in the page, near what was done.
    """
    page = new_window(own_service).page
    file, rows = csv_file(tmp_path, 2_000)
    open_console(page, "/#/jobs")
    press(page, "New job", "link")
    expect(page.locator("h1")).to_be_focused()
    choose(page, file)
    press(page, "Start the job")
    expect(page.locator(".job-state")).to_have_text("Succeeded")
    expect(page.locator("h1")).to_be_focused()
    tab_to(page.get_by_label("Part of a ref"))
    page.keyboard.type("r0001234")
    page.keyboard.press("Enter")
    expect(page.locator(".job-table tbody tr")).to_have_count(1)
    expect(page.locator(".job-table tbody tr")).to_contain_text("r0001234")
    expect(page.get_by_label("Part of a ref")).to_be_focused()
    tab_to(page.get_by_role("button", name="CSV", exact=True), key="Shift+Tab")
    saved = download(page, lambda: page.keyboard.press("Enter"), tmp_path)
    check_rows(read_results(saved), rows)
    tab_to(page.get_by_role("button", name="Delete", exact=True), key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="No, go back")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Jobs")
    expect(page.locator("h1")).to_be_focused()

    [worker] = own_service.running("worker")
    signal_all(worker, signal.SIGSTOP)
    page.keyboard.press("Shift+Tab")
    tab_to(page.get_by_role("link", name="New job").first, key="Shift+Tab")
    page.keyboard.press("Enter")
    choose(page, file)
    press(page, "Start the job")
    expect(page.locator(".job-state")).to_have_text("Queued")
    press(page, "Cancel")
    signal_all(worker, signal.SIGCONT)
    expect(page.locator(".job-state")).to_have_text("Cancelled")
    assert focused(page), "the focus is lost with the button that was pressed"
