"""What a person sees while programs of the service end and start again."""

import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.files import csv_file
from support.browser.window import Window, download, drop
from support.programs import Programs, check_rows, kill, read_results, signal_all


def test_the_api_is_restarted(
    new_window: Callable[..., Window], own_service: Programs, tmp_path: Path
) -> None:
    """The page says that the service does not answer, and goes on by itself when it does.

    The job runs on, and each row has its score.
    """
    window = new_window(own_service)
    page = window.page
    window.faults.allow(r"net::ERR_CONNECTION_(REFUSED|RESET)", "net::ERR_EMPTY_RESPONSE")
    # Chromium's own line about a stream of events that ends in the middle.
    window.faults.allow("net::ERR_INCOMPLETE_CHUNKED_ENCODING")
    file, rows = csv_file(tmp_path, 200_000)
    open_console(page, "/#/new")
    drop(page.locator("main"), file)
    start = page.get_by_role("button", name="Start the job")
    expect(start).to_be_enabled()
    # The worker stands still meanwhile, so that the job cannot end before the API does.
    [worker] = own_service.running("worker")
    signal_all(worker, signal.SIGSTOP)
    start.click()
    expect(page.locator(".job-state")).to_be_visible(timeout=120_000)
    kill(own_service.api)
    expect(page.locator("#connection")).to_contain_text("does not answer", timeout=120_000)
    check_axe(page)
    own_service.start_api()
    signal_all(worker, signal.SIGCONT)
    expect(page.locator("#connection")).to_be_empty(timeout=120_000)
    expect(page.locator(".job-state")).to_have_text("Succeeded", timeout=300_000)
    saved = download(page, page.get_by_role("button", name="CSV", exact=True).click, tmp_path)
    check_rows(read_results(saved), rows)
