"""Each page in each of its states: no rule of axe is broken, and nothing is cut off.

The tests of each page look at it with usual data; these look at the others.
"""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from support.browser.console import enter_key, open_console
from support.browser.everywhere import check_everywhere
from support.browser.window import Window, drop
from support.owners import ROOT
from support.programs import Programs, signal_all


def test_no_jobs_yet(new_window: Callable[..., Window], own_service: Programs) -> None:
    """The list says what to do, and leads there."""
    page = new_window(own_service).page
    open_console(page, "/#/jobs")
    expect(page.get_by_text("No jobs yet")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("link", name="New job").last.click()
    expect(page.locator("h1")).to_have_text("New job")


def test_a_running_job(new_window: Callable[..., Window], own_service: Programs, held: str) -> None:
    """The page of a job with rows done and others to do, and the question before it is deleted."""
    page = new_window(own_service).page
    open_console(page, f"/#{held}")
    expect(page.locator(".job-table tbody tr")).to_have_count(50)
    check_everywhere(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_everywhere(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator(".job-state")).to_have_text("Cancelled")
    check_everywhere(page)


@pytest.mark.usefixtures("held")
def test_a_job_that_waits(new_window: Callable[..., Window], own_service: Programs) -> None:
    """The page of a job without rows, beside one that runs, and both in the list."""
    page = new_window(own_service).page
    waiting = own_service.submit(b"ref,text\n1,good\n" * 3)
    open_console(page, f"/#{waiting}")
    expect(page.locator(".job-state")).to_have_text("Queued")
    check_everywhere(page)
    open_console(page, "/#/jobs")
    expect(page.get_by_text("Running", exact=True).last).to_be_visible()
    page.get_by_role("checkbox", name="Select all shown").check()
    page.get_by_role("button", name="Delete", exact=False).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_everywhere(page)


def test_a_job_that_failed(page: Page, service: Programs) -> None:
    """The page says why, in a job whose first bad row ends it."""
    location = service.submit(b"ref,text\n1,good\n2,\n", on_error="fail")
    service.wait_for_end(location)
    open_console(page, f"/#{location}")
    expect(page.locator(".job-state")).to_have_text("Failed")
    check_everywhere(page)


def test_what_is_not_there(window: Window) -> None:
    """Pages of a job and of a model that do not exist, and an address of none."""
    page = window.page
    window.faults.announce("404: GET .*/jobs/")
    for path, said in [
        ("/#/jobs/0000000000000000000000", "No such job"),
        ("/#/models/nobody", "No such model"),
        ("/#/nowhere", "No such page"),
    ]:
        open_console(page, path)
        expect(page.locator("main")).to_contain_text(said)
        check_everywhere(page)


def test_a_tried_row(new_window: Callable[..., Window], table_service: Programs) -> None:
    """The page of a model with an error at a field, and with a row's label and chances."""
    page = new_window(table_service).page
    open_console(page, "/#/models/titanic")
    page.get_by_label("Pclass").fill("first")
    page.get_by_label("Sex").fill("female")
    page.get_by_label("Fare").fill("7.25")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Pclass")).to_have_attribute("aria-invalid", "true")
    check_everywhere(page)
    page.get_by_label("Pclass").fill("3")
    page.keyboard.press("Enter")
    expect(page.locator(".results")).to_be_visible()
    check_everywhere(page)


def test_a_job_of_a_table(new_window: Callable[..., Window], table_service: Programs) -> None:
    """The page of a job with labels and probabilities, some of whose rows have an error."""
    rows = b"Pclass,Sex,Age,Fare,Embarked\n3,male,22,7.25,S\n1,female,x,71.3,C\n" * 40
    location = table_service.submit(rows, model="titanic")
    table_service.wait_for_end(location)
    page = new_window(table_service).page
    open_console(page, f"/#{location}")
    expect(page.locator(".job-table tbody tr")).to_have_count(50)
    check_everywhere(page)


def test_an_upload_and_one_that_was_interrupted(window: Window, tmp_path: Path) -> None:
    """The card of an upload that runs, and what a reload leaves of it."""
    page = window.page
    page.on("dialog", lambda dialog: dialog.accept())

    def hold(route: Route) -> None:
        if route.request.method != "POST" or "validate" in route.request.url:
            route.continue_()

    page.route("**/jobs*", hold)
    file = tmp_path / "reviews.csv"
    file.write_bytes(b"ref,text\n1,good\n")
    open_console(page, "/#/new")
    drop(page.locator("main"), file)
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_role("region", name="Uploads")).to_be_visible()
    check_everywhere(page)
    page.reload()
    expect(page.get_by_text("The upload of reviews.csv")).to_be_visible()
    check_everywhere(page)
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_text("The upload of reviews.csv")).to_have_count(0)


def test_the_form_for_a_key(new_window: Callable[..., Window], keyed_service: Programs) -> None:
    """The form as it is at first, after a wrong key, and the list that an admin sees."""
    window = new_window(keyed_service)
    page = window.page
    window.faults.announce("401: GET .*/identity")
    page.goto("/#/jobs")
    expect(page.locator("main input")).to_be_focused()
    check_everywhere(page)
    enter_key(page, "wrong")
    expect(page.locator("main input")).to_have_attribute("aria-invalid", "true")
    check_everywhere(page)
    enter_key(page, ROOT.key)
    expect(page.locator("main h1")).to_have_text("Jobs")
    check_everywhere(page)


def test_the_service_page(new_window: Callable[..., Window], own_service: Programs) -> None:
    """All is well; a worker that stands still or is dead is named, with what to do."""
    page = new_window(own_service).page
    open_console(page, "/#/service")
    expect(page.get_by_role("table", name="Workers").get_by_role("row")).to_have_count(2)
    page.get_by_text("What was checked and is fine").click()
    check_everywhere(page)
    [worker] = own_service.running("worker")
    signal_all(worker, signal.SIGKILL)
    worker.wait()
    own_service.submit(b"ref,text\n1,good\n")
    expect(page.get_by_text("No worker is alive: jobs wait.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("All is well.")).to_have_count(0)
    check_everywhere(page)
    own_service.start_worker()
    expect(page.get_by_role("table", name="Workers").get_by_role("row")).to_have_count(2)
    expect(page.get_by_text("No worker is alive")).to_have_count(0)
