"""What a person sees while programs of the service end and start again."""

import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Request, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.files import csv_file
from support.browser.window import Window, download, drop
from support.programs import Programs, check_rows, kill, read_results, signal_all

#: What a browser reports of requests to a program that has ended: none, or half an answer.
LOST = (
    r"net::ERR_CONNECTION_(REFUSED|RESET)",
    "net::ERR_EMPTY_RESPONSE",
    "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
)


def prepare(page: Page, file: Path) -> None:
    """Drop a file on the page for a new job, and wait until the job can be started."""
    open_console(page, "/#/new")
    drop(page.locator("main"), file)
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()


def start(page: Page) -> None:
    """Start the job that the page has prepared."""
    page.get_by_role("button", name="Start the job").click()


def saved_csv(page: Page, folder: Path) -> Path:
    """Wait until the job of the page has succeeded, and save its results."""
    expect(page.locator(".job-state")).to_have_text("Succeeded", timeout=300_000)
    return download(page, page.get_by_role("button", name="CSV", exact=True).click, folder)


def test_the_api_is_restarted(
    new_window: Callable[..., Window], own_service: Programs, tmp_path: Path
) -> None:
    """The page says that the service does not answer, and goes on by itself when it does.

    The job runs on, and each row has its score.
    """
    window = new_window(own_service)
    page = window.page
    window.faults.allow(*LOST)
    file, rows = csv_file(tmp_path, 200_000)
    prepare(page, file)
    # The worker stands still meanwhile, so that the job cannot end before the API does.
    [worker] = own_service.running("worker")
    signal_all(worker, signal.SIGSTOP)
    start(page)
    expect(page.locator(".job-state")).to_be_visible(timeout=120_000)
    kill(own_service.api)
    expect(page.locator("#connection")).to_contain_text("does not answer", timeout=120_000)
    check_axe(page)
    own_service.start_api()
    signal_all(worker, signal.SIGCONT)
    expect(page.locator("#connection")).to_be_empty(timeout=120_000)
    check_rows(read_results(saved_csv(page, tmp_path)), rows)


def test_a_worker_is_killed(
    new_window: Callable[..., Window], own_service: Programs, tmp_path: Path
) -> None:
    """A job whose worker dies with some rows done goes on with the next worker, and loses none."""
    page = new_window(own_service).page
    file, rows = csv_file(tmp_path, 200_000)
    prepare(page, file)
    start(page)
    page.wait_for_url("**/#/jobs/*")
    own_service.wait_for_rows(page.url.split("#")[1], 1)
    [worker] = own_service.running("worker")
    kill(worker)
    expect(page.locator(".job-detail")).to_contain_text("No worker", timeout=120_000)
    check_axe(page)
    own_service.start_worker()
    check_rows(read_results(saved_csv(page, tmp_path)), rows)


def test_the_api_is_restarted_during_an_upload(
    new_window: Callable[..., Window], own_service: Programs, tmp_path: Path
) -> None:
    """The file is sent again with the same key, without a click, and becomes exactly one job."""
    window = new_window(own_service)
    page = window.page
    # The service knows of the broken upload only after a while, and until then holds its key.
    window.faults.allow(*LOST, "409: POST .*/jobs")
    keys: list[str] = []

    def see(request: Request) -> None:
        if request.method == "POST" and "validate" not in request.url:
            keys.append(request.headers["idempotency-key"])

    page.on("request", see)
    file, rows = csv_file(tmp_path, 60_000)
    prepare(page, file)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    network.send("Network.emulateNetworkConditions", slow)
    start(page)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("/s ·")).to_be_visible()
    kill(own_service.api)
    expect(uploads).to_contain_text("no second job is made")
    check_axe(page)
    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    own_service.start_api()
    check_rows(read_results(saved_csv(page, tmp_path)), rows)
    assert len(keys) > 1
    assert len(set(keys)) == 1
    jobs = own_service.client.get("/jobs").json()["jobs"]
    assert [job["rows"]["total"] for job in jobs].count(60_000) == 1
