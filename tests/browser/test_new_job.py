"""Preparing and sending a job on the page "New job", in Chromium."""

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, Request, Route, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.layout import check_fits
from support.browser.window import Window, drop
from support.programs import Programs

TEXTS = ["Très bien; j'y retourne", 'He said "never again", and left', "What a dull day"]
ROWS = pd.DataFrame(
    {"id": [f"r{n}" for n in range(300)], "review": TEXTS * 100, "stars": [1, 2, 3] * 100}
)


def table(path: Path, delimiter: str = ",", charset: str = "utf-8") -> Path:
    """Write `ROWS` as a CSV."""
    ROWS.to_csv(path, index=False, sep=delimiter, encoding=charset, quoting=csv.QUOTE_MINIMAL)
    return path


def lines(path: Path) -> Path:
    """Write `ROWS` as NDJSON."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS.to_dict("records")))
    return path


def packed(path: Path) -> Path:
    """Compress a file, and add `.gz` to its name."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def parquet(path: Path) -> Path:
    """Write `ROWS` as Parquet."""
    ROWS.to_parquet(path)
    return path


def choose(page: Page, path: Path) -> None:
    """Choose a file by the button of the page."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose").click()
    chooser.value.set_files(path)


def start(page: Page) -> None:
    """Start the job, once the page allows it."""
    page.get_by_role("button", name="Start the job").click()


def location(page: Page) -> str:
    """The path of the job that the page shows, once it shows one."""
    page.wait_for_url("**/#/jobs/*")
    return page.url.split("#")[1]


def preview(page: Page) -> list[list[str]]:
    """The cells of the first rows as the model gets them, once they are there."""
    rows = page.get_by_role("region", name="First rows, as the model gets them").locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def is_upload(request: Request) -> bool:
    """Whether a request submits a job; a dry run does not."""
    return request.method == "POST" and "/jobs" in request.url and "validate" not in request.url


def test_a_dropped_file_becomes_a_job(page: Page, service: Programs, tmp_path: Path) -> None:
    """What was guessed of a spreadsheet's CSV is said and shown, and the job reads it so."""
    open_console(page, "/#/new")
    expect(page.get_by_role("button", name="Start the job")).to_be_disabled()
    drop(page.locator("main"), table(tmp_path / "export.csv", ";", "cp1252"))
    assert preview(page)[0] == ["1", "r0", TEXTS[0]]
    expect(page.get_by_label("Cells are separated by")).to_have_value("semicolon")
    expect(page.get_by_label("Charset")).to_have_value("cp1252")
    expect(page.get_by_label("Column for text")).to_have_value("review")
    expect(page.get_by_text("Guessed: The file is not UTF-8")).to_be_visible()
    page.get_by_label("Kept in the results").select_option("all")
    start(page)
    job = service.wait_for_end(location(page))
    assert job["rows"] == {"total": 300, "completed": 300, "failed": 0}
    results = service.results(f"/jobs/{job['id']}")
    assert list(results["ref"]) == list(ROWS["id"])
    assert list(results["review"]) == list(ROWS["review"])


def test_a_file_is_dropped_on_another_page(page: Page, tmp_path: Path) -> None:
    """It opens the page of a new job, which shows the file's rows."""
    open_console(page, "/#/models")
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    drop(page.locator("main"), table(tmp_path / "rows.csv"))
    expect(page).to_have_url(re.compile("#/new$"))
    assert preview(page)[0] == ["1", "r0", TEXTS[0]]


def test_a_job_has_the_name_of_its_file(page: Page, service: Programs, tmp_path: Path) -> None:
    """Or another one that was typed: it heads the job, and finds it in the list."""
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "<b>möbel, may.csv"))
    assert preview(page)
    page.get_by_text("Options", exact=True).click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("<b>möbel, may.csv")
    name.fill("<b>möbel, june")
    start(page)
    job = service.wait_for_end(location(page))
    assert job["labels"] == {"file": "<b>möbel, june"}
    expect(page).to_have_title("Succeeded · <b>möbel, june · Scorelane")
    expect(page.locator("h1")).to_contain_text("<b>möbel, june")
    page.goto("/#/jobs")
    page.get_by_label("Name or label").fill("<b>möbel, june")
    page.get_by_label("Name or label").press("Enter")
    expect(page.get_by_role("link", name="<b>möbel, june")).to_have_count(1)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: table(path, "\t"), "rows.tsv"),
        (lambda path: table(path, charset="utf-16"), "rows.csv"),
        (lambda path: packed(table(path)), "rows.csv"),
        (lines, "rows.ndjson"),
        (lambda path: packed(lines(path)), "rows.jsonl"),
        (parquet, "rows.parquet"),
        (table, "rows"),
    ],
    ids=["tsv", "utf-16", "csv.gz", "ndjson", "jsonl.gz", "parquet", "no suffix"],
)
def test_each_format_is_read(
    page: Page, tmp_path: Path, make: Callable[[Path], Path], name: str
) -> None:
    """The first rows of each kind of file are shown as the model gets them."""
    open_console(page, "/#/new")
    choose(page, make(tmp_path / name))
    assert preview(page)[1] == ["2", "r1", TEXTS[1]]
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "The input is empty"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "a picture (PNG)"),
        ("no.ndjson", b"not json\n", "first line"),
        ("no.csv.gz", b"not gzip", "gzip"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    window: Window, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    """The reason is shown at once, the job cannot be started, and another file can be chosen."""
    path = tmp_path / name
    path.write_bytes(content)
    window.faults.announce("4[0-9]+: POST .*/jobs.*validate=true")
    page = window.page
    open_console(page, "/#/new")
    choose(page, path)
    expect(page.get_by_role("alert")).to_contain_text(reason)
    expect(page.get_by_role("button", name="Start the job")).to_be_disabled()
    choose(page, table(tmp_path / "good.csv"))
    assert preview(page)[0] == ["1", "r0", TEXTS[0]]


def test_the_preview_follows_what_a_person_chooses(page: Page, tmp_path: Path) -> None:
    """Another column, other references and another delimiter show other rows; the page keeps up."""
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    preview(page)
    page.get_by_label("Column for text").select_option("stars")
    page.get_by_label("Reference").select_option("Row numbers")
    expect(page.get_by_role("cell", name="r0")).to_have_count(0)
    assert preview(page)[:2] == [["1", "1", "1"], ["2", "2", "2"]]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I am well\n\nSo dull\n", ["1", "1", "I am well"]),
        ("id\tcomment\na7\tI am well\na8\tSo dull\n", ["1", "a7", "I am well"]),
    ],
    ids=["lines", "cells"],
)
def test_pasted_rows_become_a_job(
    page: Page, service: Programs, text: str, first: list[str]
) -> None:
    """Lines are texts, cells of a spreadsheet a table with a header; empty lines are no rows."""
    open_console(page, "/#/new")
    page.get_by_text("Or paste rows", exact=True).click()
    page.get_by_role("textbox", name="Rows").fill(text)
    assert preview(page)[0] == first
    start(page)
    assert service.wait_for_end(location(page))["rows"]["completed"] == 2


def test_an_upload_goes_on_while_another_page_is_shown(page: Page, tmp_path: Path) -> None:
    """A person looks at other pages meanwhile, and is led to the job when it was accepted."""
    held: list[Route] = []
    page.route(
        "**/jobs*",
        lambda route: held.append(route) if is_upload(route.request) else route.continue_(),
    )
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    start(page)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("rows.csv")).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    expect(uploads.get_by_role("progressbar")).to_be_visible()
    held.pop().continue_()
    uploads.get_by_role("link", name="Open the job").click()
    location(page)


def test_a_broken_upload_is_sent_again_as_the_same_job(
    window: Window, service: Programs, tmp_path: Path
) -> None:
    """After a broken connection the same request is sent by itself, with the same key."""
    window.faults.announce("failed request: POST .*/jobs")
    page = window.page
    keys: list[str] = []

    def break_the_first(route: Route) -> None:
        if not is_upload(route.request):
            return route.continue_()
        keys.append(route.request.headers["idempotency-key"])
        return route.abort("connectionreset") if len(keys) == 1 else route.continue_()

    page.route("**/jobs*", break_the_first)
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    start(page)
    expect(page.get_by_text("no second job is made")).to_be_visible()
    service.wait_for_end(location(page))
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_reload_makes_no_second_job(window: Window, tmp_path: Path) -> None:
    """After a reload the same file is sent with its old options and key, and so as one job."""
    page, path = window.page, table(tmp_path / "rows.csv")
    sent: list[tuple[str, str]] = []
    page.on("dialog", lambda dialog: dialog.accept())

    def lose_the_first_answer(route: Route) -> None:
        if not is_upload(route.request):
            return route.continue_()
        headers = route.request.headers
        sent.append((headers["idempotency-key"], route.request.url))
        if len(sent) > 1:
            return route.continue_()
        # The service gets the job, and the page never hears of it. Playwright has no files' bodies.
        kept = {name: headers[name] for name in ("idempotency-key", "content-type")}
        answer = page.request.post(route.request.url, headers=kept, data=path.read_bytes())
        assert answer.status == 202
        return None

    page.route("**/jobs*", lose_the_first_answer)
    open_console(page, "/#/new")
    choose(page, path)
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Labels").fill("team:growth")
    with page.expect_request(is_upload):
        start(page)
    page.reload()
    expect(page.get_by_text("The upload of rows.csv")).to_be_visible()
    assert "Très" not in page.evaluate("JSON.stringify(sessionStorage)")
    choose(page, path)
    with page.expect_response(lambda answer: is_upload(answer.request)) as answer:
        start(page)
    assert answer.value.header_value("Idempotency-Replayed") == "true"
    assert sent[0] == sent[1]
    location(page)
    assert page.evaluate("sessionStorage.length") == 0


def test_a_refused_upload_leaves_the_form_as_it_was(window: Window, tmp_path: Path) -> None:
    """A fault after the beginning, which no preview has seen, is said next to the kept form."""
    window.faults.announce("422: POST .*/jobs")
    path = tmp_path / "bad-end.csv"
    path.write_bytes(b"ref,text\n" + b"1,I am well\n" * 120_000 + b"2,caf\xe9 \xff\n")
    page = window.page
    open_console(page, "/#/new")
    choose(page, path)
    page.get_by_label("Kept in the results").select_option("all")
    start(page)
    expect(page.get_by_role("alert")).to_contain_text("byte 1,440,014")
    expect(page.get_by_label("Kept in the results")).to_have_value("all")
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()


def test_an_upload_can_be_cancelled(page: Page, service: Programs, tmp_path: Path) -> None:
    """A cancelled upload makes no job, and can be started again."""
    page.route("**/jobs*", lambda route: None if is_upload(route.request) else route.continue_())
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    start(page)
    page.get_by_role("button", name="Cancel upload").click()
    expect(page.get_by_text("The upload of rows.csv was cancelled.").first).to_be_visible()
    page.unroute_all()
    start(page)
    service.wait_for_end(location(page))


@pytest.mark.parametrize("width", [1280, 320])
def test_anybody_can_use_the_form(
    new_window: Callable[..., Window], tmp_path: Path, width: int
) -> None:
    """With a file and all options open, no rule of axe is broken and nothing is cut off."""
    page = new_window(width=width).page
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv", ";", "cp1252"))
    preview(page)
    page.get_by_text("Options", exact=True).click()
    check_axe(page)
    check_fits(page)
