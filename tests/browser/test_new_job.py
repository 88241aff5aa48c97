"""Preparing and sending a job on the page "New job", in Chromium."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.layout import check_fits
from support.browser.new_job import (
    ROWS,
    TEXTS,
    choose,
    lines,
    location,
    packed,
    parquet,
    preview,
    start,
    table,
)
from support.browser.window import Window, drop
from support.programs import Programs


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
