"""The page of a job, in Chromium."""

import hashlib
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.layout import check_fits, layout_shift
from support.browser.window import Window, download
from support.owners import ALICE, READER
from support.programs import Programs, check_rows, many_rows, read_results, signal_all

#: Rows 3, 13, ... of a job have no text, and row 5 has a NUL character.
ROWS = 1200
TEXTS = ["" if at % 10 == 2 else "a\0b" if at == 4 else f"walk {at}" for at in range(ROWS)]
CSV = "ref,text\n" + "".join(f"r{at:04},{text}\n" for at, text in enumerate(TEXTS, 1))
EMPTY = [f"r{at:04}" for at, text in enumerate(TEXTS, 1) if not text]


@pytest.fixture(scope="session")
def location(service: Programs) -> str:
    """The path of a job that has succeeded, in which some rows have an error."""
    location = service.submit(CSV.encode(), label="team:growth")
    service.wait_for_end(location)
    return location


def _to_worker(service: Programs, number: signal.Signals) -> None:
    [worker] = service.running("worker")
    signal_all(worker, number)


def button(page: Page, name: str) -> Locator:
    """A button of the page by its whole name."""
    return page.get_by_role("button", name=name, exact=True)


def refs(page: Page) -> Locator:
    """The refs of the rows that the page shows."""
    return page.locator(".job-table tbody td:nth-child(2)")


def test_a_job_is_watched_to_its_end(
    own_service: Programs, held: str, new_window: Callable[..., Window], tmp_path: Path
) -> None:
    """A person sees and saves the rows that are done; the end shows without a reload."""
    page = new_window(own_service).page
    total = own_service.job(held)["rows"]["total"]
    open_console(page, f"/#{held}")
    expect(page.locator(".job-state")).to_have_text("Running")
    expect(page.locator(".job-figures")).to_contain_text(f"of {total:,}")
    expect(refs(page)).to_have_count(50)
    expect(button(page, "Parquet")).to_have_count(0)
    part = read_results(download(page, button(page, "CSV").click, tmp_path))
    assert 0 < len(part) < total
    _to_worker(own_service, signal.SIGCONT)
    expect(page.locator(".job-state")).to_have_text("Succeeded")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(page).to_have_title(f"Succeeded · …{held[-8:]} · Scorelane")
    saved = download(page, button(page, "CSV").click, tmp_path)
    check_rows(read_results(saved), many_rows(total)[1])


def test_a_job_is_followed_without_streams(
    own_service: Programs, held: str, new_window: Callable[..., Window]
) -> None:
    """Where all streams are taken, the page asks for the job, and shows its end all the same."""
    window = new_window(own_service)
    window.faults.allow("503: GET .*/events")
    window.page.route("**/events", lambda route: route.fulfill(status=503, json={}))
    open_console(window.page, f"/#{held}")
    expect(window.page.locator(".job-state")).to_have_text("Running")
    _to_worker(own_service, signal.SIGCONT)
    expect(window.page.locator(".job-state")).to_have_text("Succeeded")


def test_the_addresses_of_a_job_are_shown(
    service: Programs, location: str, new_window: Callable[..., Window]
) -> None:
    """Of a job that read files where they are, the page says where, and where its results are."""

    def with_addresses(route: Route) -> None:
        job = route.fetch().json()
        job["input"] = {"addresses": ["s3://data/a.csv", "s3://data/in/"], "files": 3, "bytes": 9}
        job["output"] = {"address": "s3://scores/today/", "manifest": "s3://scores/today/manifest"}
        route.fulfill(json=job)

    window = new_window(service)
    window.faults.allow("503: GET .*/events")
    window.page.route("**/events", lambda route: route.fulfill(status=503, json={}))
    window.page.route(f"**{location}", with_addresses)
    open_console(window.page, f"/#{location}")
    expect(window.page.get_by_text("s3://data/a.csv, s3://data/in/")).to_be_visible()
    expect(window.page.get_by_text("s3://scores/today/", exact=True)).to_be_visible()
    check_fits(window.page)


def test_a_job_is_cancelled_retried_and_deleted(
    own_service: Programs, held: str, new_window: Callable[..., Window]
) -> None:
    """Each new state shows at once; nothing is deleted before the person says yes."""
    page = new_window(own_service).page
    open_console(page, f"/#{held}")
    button(page, "Cancel").click()
    expect(page.locator(".job-state")).to_have_text("Cancelled")
    expect(button(page, "Cancel")).to_be_hidden()
    button(page, "Retry").click()
    expect(page.get_by_role("link", name=held.rsplit("/", maxsplit=1)[-1])).to_be_visible()
    button(page, "Delete").click()
    button(page, "No, go back").click()
    expect(page.locator("h1")).to_contain_text("Job")
    button(page, "Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Jobs")


def test_rows_are_found(page: Page, location: str) -> None:
    """By page, by their number, by a part of their ref, and by the kind of their error."""
    open_console(page, f"/#{location}")
    expect(refs(page).first).to_have_text("r0001")
    button(page, "Next").click()
    expect(refs(page).first).to_have_text("r0051")
    page.get_by_label("Row number").fill("1199")
    page.keyboard.press("Enter")
    expect(refs(page)).to_have_text(["r1199", "r1200"])
    expect(button(page, "Next")).to_be_disabled()
    button(page, "Previous").click()
    expect(refs(page).first).to_have_text("r0051")
    page.get_by_label("Part of a ref").fill("099")
    page.keyboard.press("Enter")
    expect(refs(page)).to_have_text([f"r{at:04}" for at in (99, *range(990, 1000), 1099)])
    page.get_by_role("link", name="Empty text").click()
    expect(refs(page)).to_have_text(EMPTY[:50])
    button(page, "Next").click()
    expect(refs(page)).to_have_text(EMPTY[50:100])
    page.get_by_role("button", name="Show row 503 among all").click()
    expect(refs(page).first).to_have_text("r0503")
    page.reload()
    expect(refs(page).first).to_have_text("r0503")
    page.go_back()
    expect(refs(page)).to_have_text(EMPTY[50:100])


def test_the_errors_are_counted_and_saved(page: Page, location: str, tmp_path: Path) -> None:
    """Each kind has its number of rows; a file has the rows with an error alone."""
    open_console(page, f"/#{location}")
    expect(page.locator(".job-kinds li")).to_have_text(["Empty text120", "NUL character1"])
    saved = download(page, button(page, "Errors only").click, tmp_path)
    assert len(saved.read_text().splitlines()) == 1 + 121


def test_the_receipt_is_saved(page: Page, location: str, tmp_path: Path) -> None:
    """As the service gives it: it has the digest of the CSV that the page downloads."""
    open_console(page, f"/#{location}")
    saved = json.loads(download(page, button(page, "Receipt").click, tmp_path).read_text())
    results = download(page, button(page, "CSV").click, tmp_path)
    assert saved["job"] == location.rpartition("/")[2]
    assert saved["results"]["sha256"] == hashlib.sha256(results.read_bytes()).hexdigest()


def test_excel_reads_the_file(page: Page, location: str, tmp_path: Path) -> None:
    """Its file has a byte order mark, and the page says how its cells are separated."""
    open_console(page, f"/#{location}")
    expect(page.locator(".job-files")).to_contain_text("commas between cells")
    saved = download(page, button(page, "CSV for Excel").click, tmp_path)
    assert saved.read_bytes().startswith(b"\xef\xbb\xbfref,")


def test_a_key_that_may_only_read_has_no_buttons_to_change(
    new_window: Callable[..., Window], keyed_service: Programs, tmp_path: Path
) -> None:
    """It has the downloads, and the commands to copy name a variable instead of the key."""
    keyed_service.client.headers.update(ALICE.headers)
    location = keyed_service.submit(CSV.encode())
    keyed_service.wait_for_end(location)
    page = new_window(keyed_service).page
    open_console(page, f"/#{location}", key=READER.key)
    expect(page.locator(".job-state")).to_have_text("Succeeded")
    expect(button(page, "Delete")).to_have_count(0)
    assert download(page, button(page, "NDJSON").click, tmp_path).stat().st_size > 0
    receipt = download(page, button(page, "Receipt").click, tmp_path)
    assert json.loads(receipt.read_text())["owner"] == ALICE.name
    page.get_by_text("Do the same from a program").click()
    code = page.locator(".copyable").all_inner_texts()
    assert all("SCORELANE_API_KEY" in one and READER.key not in one for one in code)


@pytest.mark.parametrize("kind", ["deleted", "malformed"])
def test_a_job_that_is_not_there(window: Window, service: Programs, kind: str) -> None:
    """The page says so, and leads to the list."""
    location = service.submit(CSV.encode())
    service.client.delete(location).raise_for_status()
    window.faults.announce("404: GET .*/events")
    open_console(window.page, f"/#{location if kind == 'deleted' else '/jobs/walk'}")
    expect(window.page.locator("main")).to_contain_text("No such job")
    window.page.get_by_role("link", name="All jobs").click()
    expect(window.page.locator("h1")).to_have_text("Jobs")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_anybody_can_read_it(
    new_window: Callable[..., Window], location: str, scheme: Literal["light", "dark"], width: int
) -> None:
    """In both colours, on wide and narrow screens: no rule of axe is broken, nothing is cut off."""
    page = new_window(width=width, scheme=scheme).page
    open_console(page, f"/#{location}?show=errors&kind=empty")
    expect(refs(page)).to_have_count(50)
    page.get_by_text("Do the same from a program").click()
    check_axe(page)
    check_fits(page)


def test_nothing_moves_while_the_data_arrive(
    new_window: Callable[..., Window], location: str
) -> None:
    """Charts, counts and rows fill places that are there already."""
    page = new_window(motion="no-preference").page
    open_console(page, f"/#{location}")
    expect(refs(page)).to_have_count(50)
    expect(page.locator(".job-kinds li")).to_have_count(2)
    score, moved = layout_shift(page)
    assert score < 0.02, moved
