"""More than one tab, and a tab that is loaded again."""

import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from support.browser.console import open_console
from support.browser.window import Window, download, drop
from support.programs import Programs, check_rows, many_rows, read_results, signal_all


def saved_csv(page: Page, folder: Path) -> Path:
    """Wait until the job of the page has succeeded, and save its results."""
    expect(page.locator(".job-state")).to_have_text("Succeeded")
    return download(page, page.get_by_role("button", name="CSV", exact=True).click, folder)


def test_two_tabs_at_work(window: Window, tmp_path: Path) -> None:
    """Two files that are dropped in two tabs become two jobs; a third tab lists both."""
    tabs, frames = [window.page, window.new_tab()], []
    for number, page in enumerate(tabs, 2):
        content, frame = many_rows(1000 * number)
        frames.append(frame)
        file = tmp_path / f"rows-{number}.csv"
        file.write_bytes(content)
        open_console(page, "/#/new")
        drop(page.locator("main"), file)
        expect(page.get_by_role("button", name="Start the job")).to_be_enabled()
    for page in tabs:
        page.get_by_role("button", name="Start the job").click()
    for page in tabs:
        page.wait_for_url("**/#/jobs/*")
    listed = window.new_tab()
    open_console(listed, "/#/jobs")
    for page, frame in zip(tabs, frames, strict=True):
        expect(listed.locator(f"main a[href='{page.url[page.url.index('#') :]}']")).to_be_visible()
        check_rows(read_results(saved_csv(page, tmp_path)), frame)


def test_a_reload_of_a_running_job(
    new_window: Callable[..., Window], own_service: Programs, held: str, tmp_path: Path
) -> None:
    """The job runs on; the page shows how far it is, follows it to its end, and saves all rows."""
    page = new_window(own_service).page
    open_console(page, f"/#{held}")
    expect(page.locator(".job-state")).to_have_text("Running")
    done = page.locator(".job-figures dd").first.inner_text()
    page.reload()
    expect(page.locator(".job-state")).to_have_text("Running")
    expect(page.locator(".job-figures dd").first).to_have_text(done)
    signal_all(own_service.running("worker")[0], signal.SIGCONT)
    check_rows(
        read_results(saved_csv(page, tmp_path)),
        many_rows(own_service.job(held)["rows"]["total"])[1],
    )
