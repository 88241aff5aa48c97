"""The list of jobs: filters, what is new, and actions for many jobs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Download, Locator, Page, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.keyboard import check_focus_shows, tab_to
from support.browser.layout import check_fits
from support.browser.window import Window
from support.owners import ALICE, BOB, READER, ROOT, Owner
from support.programs import Programs

GOOD, BAD = [{"text": "I am well"}], [{"text": ""}]


@pytest.fixture
def team() -> str:
    """A label that no other test uses."""
    return f"team:{uuid4().hex[:8]}"


def submit(
    service: Programs,
    label: str | list[str],
    rows: Sequence[object] = GOOD,
    owner: Owner | None = None,
) -> str:
    """Have a job scored; with a row that is bad it fails. Returns its id."""
    query = {"label": label, "on_error": "fail"}
    headers = owner.headers if owner else {}
    answer = service.client.post("/jobs", params=query, json=rows, headers=headers)
    job: dict[str, Any] = answer.raise_for_status().json()
    waiting = {**headers, "Prefer": "wait=30"}
    service.client.get(f"/jobs/{job['id']}", headers=waiting).raise_for_status()
    return str(job["id"])


def rows_of(page: Page) -> Locator:
    """The rows of the list, without the one of the names of columns."""
    return page.get_by_role("row").filter(has=page.get_by_role("cell"))


def open_jobs(page: Page, label: str, number: int, key: str | None = None) -> Locator:
    """Open the list of the jobs with a label, and wait until it has that number of rows."""
    open_console(page, f"/#/jobs?label={label}", key)
    expect(rows_of(page)).to_have_count(number)
    return rows_of(page)


def test_filters_are_in_the_address(page: Page, service: Programs, team: str) -> None:
    """Filters survive a reload, lead back, and leave the focus where it is."""
    submit(service, team)
    failed = submit(service, team, BAD)
    rows = open_jobs(page, team, 2)
    box = page.get_by_role("checkbox", name="Failed")
    box.check()
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("link")).to_have_attribute("href", f"#/jobs/{failed}")
    expect(box).to_be_focused()
    page.reload()
    expect(rows).to_have_count(1)
    expect(box).to_be_checked()
    page.go_back()
    expect(rows).to_have_count(2)
    page.get_by_role("checkbox", name="Running").check()
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()


def test_new_jobs_wait_while_a_person_selects(page: Page, service: Programs, team: str) -> None:
    """A new job is announced while something is selected, and appears by itself otherwise."""
    first = submit(service, team)
    rows = open_jobs(page, team, 1)
    rows.get_by_role("checkbox").check()
    second = submit(service, team)
    button = page.get_by_role("button", name="Show 1 new job")
    expect(button).to_be_visible()
    expect(rows).to_have_count(1)
    button.click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    page.get_by_role("button", name="Select none").click()
    page.get_by_role("heading", name="Jobs", exact=True).focus()
    third = submit(service, team)
    expect(rows).to_have_count(3)
    links = rows.get_by_role("link").evaluate_all("(all) => all.map((one) => one.hash)")
    assert links == [f"#/jobs/{one}" for one in (third, second, first)]


def test_many_jobs_are_retried_and_deleted(window: Window, service: Programs, team: str) -> None:
    """An action takes the jobs that it suits, and a job that is refused is named with a reason."""
    page = window.page
    ids = [submit(service, team, rows) for rows in (BAD, GOOD, BAD, GOOD, BAD)]
    rows = open_jobs(page, team, 5)
    rows.nth(0).get_by_role("checkbox").check()
    rows.nth(2).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Retry 2").click()
    expect(page.get_by_role("status").filter(has_text="2 jobs sent again.")).to_be_attached()
    page.get_by_role("button", name="Show 2 new jobs").click()
    expect(rows).to_have_count(7)

    page.get_by_role("checkbox", name="Select all shown").check()
    service.client.delete(f"/jobs/{ids[0]}").raise_for_status()
    window.faults.announce(f"404: DELETE .*/jobs/{ids[0]}")
    page.get_by_role("button", name="Delete 7").click()
    dialog = page.get_by_role("dialog", name="Delete 7 jobs?")
    dialog.get_by_role("button", name="Delete 7").click()
    expect(page.get_by_text("1 job was refused:")).to_be_visible()
    expect(page.get_by_role("listitem")).to_contain_text(f"There is no job '{ids[0]}'")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    found = service.client.get("/jobs", params={"label": team}).json()
    assert found["jobs"] == []


def test_results_are_downloaded_one_after_the_other(
    page: Page, service: Programs, team: str, tmp_path: Path
) -> None:
    """Each selected job that has succeeded becomes a file of its own."""
    ids = [submit(service, team) for _ in range(2)]
    submit(service, team, BAD)
    open_jobs(page, team, 3)
    files: list[Download] = []
    # Playwright takes no method of a built-in type.
    page.on("download", lambda one: files.append(one))  # noqa: PLW0108
    page.get_by_role("checkbox", name="Select all shown").check()
    page.get_by_role("button", name="Download 2").click()
    expect(page.get_by_role("status").filter(has_text="2 downloads started.")).to_be_attached()
    assert len(files) == 2
    for file, job in zip(files, reversed(ids), strict=True):
        file.save_as(tmp_path / job)
        expected = service.client.get(f"/jobs/{job}/results").content
        assert (tmp_path / job).read_bytes() == expected


def test_a_long_list_is_loaded_by_pages(page: Page, service: Programs, team: str) -> None:
    """Fifty jobs are loaded at first; after one click more come while a person scrolls."""
    for _ in range(160):
        query = {"label": team}
        service.client.post("/jobs", params=query, json=GOOD).raise_for_status()
    rows = open_jobs(page, team, 50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(150)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(160)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_key_has_the_actions_of_its_scope(
    new_window: Callable[..., Window], keyed_service: Programs, team: str
) -> None:
    """A key that only reads can download; an admin filters by owner, and others have no owner."""
    submit(keyed_service, team, owner=ALICE)
    submit(keyed_service, team, owner=BOB)
    reader = new_window(keyed_service).page
    open_jobs(reader, team, 1, READER.key).get_by_role("checkbox").check()
    expect(reader.get_by_role("button", name="Download 1")).to_be_visible()
    for name in ("Cancel", "Retry", "Delete"):
        expect(reader.get_by_role("button", name=name)).to_have_count(0)
    expect(reader.get_by_label("Owner")).to_have_count(0)
    expect(reader.locator("main").get_by_role("link", name="New job")).to_have_count(0)
    admin = new_window(keyed_service).page
    rows = open_jobs(admin, team, 2, ROOT.key)
    admin.get_by_label("Owner").fill("bob")
    admin.get_by_label("Owner").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("cell", name="bob")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_anybody_can_use_it(
    new_window: Callable[..., Window],
    service: Programs,
    team: str,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """In both colours, on wide and narrow screens: no rule of axe is broken, nothing is cut off."""
    submit(service, team)
    submit(service, team, BAD)
    page = new_window(width=width, scheme=scheme).page
    open_jobs(page, team, 2).first.get_by_role("checkbox").check()
    check_axe(page)
    check_fits(page)


def test_the_keyboard_is_enough(page: Page, service: Programs, team: str) -> None:
    """Tab reaches rows and actions, each shows that it has the focus, and Space selects."""
    submit(service, team)
    rows = open_jobs(page, team, 1)
    check_focus_shows(page)
    tab_to(rows.get_by_role("checkbox"))
    page.keyboard.press("Space")
    tab_to(page.get_by_role("button", name="Delete 1"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="No, go back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    tab_to(page.get_by_role("button", name="Delete 1"))
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_focused()
