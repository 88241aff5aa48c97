"""The pages of the models, and the box to try one row."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, Route, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.everywhere import check_everywhere
from support.browser.keyboard import check_focus_shows
from support.browser.layout import check_fits
from support.browser.window import Window
from support.owners import READER
from support.programs import ROOT, Programs


@pytest.fixture
def page(new_window: Callable[..., Window], table_service: Programs) -> Page:
    """A tab on the service with a table."""
    return new_window(table_service).page


def test_all_models_are_shown(page: Page) -> None:
    """Each model has a card that leads to its page, and to its jobs."""
    open_console(page, "/#/models")
    cards = page.get_by_role("article")
    expect(cards).to_have_count(2)
    expect(cards.filter(has_text="fast")).to_contain_text("Default")
    expect(cards.filter(has_text="titanic")).to_contain_text("Served by 1 process")
    cards.get_by_role("link", name="titanic").click()
    expect(page.get_by_role("heading", name="titanic")).to_be_focused()
    expect(page.get_by_role("table", name="Inputs").get_by_role("row")).to_have_count(6)
    page.get_by_role("link", name="Jobs of this model").click()
    expect(page.get_by_label("Model")).to_have_value("titanic")


def test_the_versions_of_a_model(page: Page, table_service: Programs) -> None:
    """Each with its aliases, share, rows of today and drift; a version leads to its jobs."""
    client = table_service.client
    [version] = (
        one["version"]
        for one in client.get("/models").json()["versions"]
        if one["name"] == "titanic"
    )
    made = client.put("/models/titanic/aliases/steady", params={"version": version})
    assert made.status_code == 200, made.text
    row = {"Pclass": 3, "Sex": "female", "Age": 22, "Fare": 7.25, "Embarked": "S"}
    assert client.post("/score", params={"model": "titanic"}, json=[row]).status_code == 200
    drift = client.get("/models/titanic/drift").json()
    try:
        open_console(page, "/#/models")
        expect(page.get_by_role("article").filter(has_text="1 version: steady")).to_have_count(1)
        open_console(page, "/#/models/titanic")
        cells = page.get_by_role("table", name="Versions").locator("tbody td")
        expect(cells).to_have_text(
            [
                f"{version} (new jobs)",
                "steady",
                "1",
                "100%",
                re.compile("[1-9][0-9,]*"),
                drift["note"] or re.compile(drift["verdict"]),
            ]
        )
        check_axe(page)
        check_fits(page)
        cells.get_by_role("link").click()
        expect(page.get_by_label("Model")).to_have_value(f"titanic@{version}")
    finally:
        client.delete("/models/titanic/aliases/steady")


def test_the_shares_of_two_versions(page: Page) -> None:
    """The champion has what the canary leaves; a shadow is told apart, and drift by its columns."""
    versions = [
        {"version": "e5cff74e16d3", "aliases": ["champion"], "current": True, "processes": 2},
        {"version": "3f2a1b2c3d4e", "aliases": ["challenger"], "current": False, "processes": 1},
    ]
    drift = {"verdict": "drift", "note": None, "columns": []}
    for name, aspect in (("text", "characters"), ("text", "known words"), ("score", "value")):
        verdict = "stable" if name == "score" else "drift"
        drift["columns"].append({"name": name, "aspect": aspect, "verdict": verdict})
    stable = {"verdict": "stable", "note": None, "columns": drift["columns"][2:]}

    def models(route: Route) -> None:
        answer = route.fetch()
        [model] = [one for one in answer.json()["models"] if one["name"] == "fast"]
        found = [model | one for one in versions]
        route.fulfill(json={"models": [found[0]], "versions": found, "failed": []})

    shares = {"champion": "e5cff74e16d3", "challenger": "3f2a1b2c3d4e", "canary": 0.1}
    shares |= {"shadow": 0.25, "note": None}
    usage = [{"model": "fast@3f2a1b2c3d4e", "rows": 12_345}]
    page.route("**/models", models)
    page.route("**/models/fast/traffic", lambda route: route.fulfill(json=shares))
    page.route("**/usage?*", lambda route: route.fulfill(json={"usage": usage}))
    page.route("**/models/fast@e5cff74e16d3/drift", lambda route: route.fulfill(json=stable))
    page.route("**/models/fast@3f2a1b2c3d4e/drift", lambda route: route.fulfill(json=drift))
    open_console(page, "/#/models/fast")
    rows = page.get_by_role("table", name="Versions").locator("tbody tr")
    expect(rows.first.locator("td")).to_have_text(
        ["e5cff74e16d3 (new jobs)", "champion", "2", "90%", "0", "stable"]
    )
    expect(rows.last.locator("td")).to_have_text(
        [
            "3f2a1b2c3d4e",
            "challenger",
            "1",
            "10%, and 25% as shadow",
            "12,345",
            "drift (text: characters, text: known words)",
        ]
    )
    check_everywhere(page)


def test_a_text_is_tried(page: Page, table_service: Programs) -> None:
    """Ctrl+Enter scores the text, and the page shows the score that the API gives."""
    text = 'It\'s "not" bad\nand never was'
    answer = table_service.client.post("/score", params={"model": "fast"}, json=[{"text": text}])
    [row] = answer.json()
    open_console(page, "/#/models/fast")
    page.get_by_label("text", exact=True).fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"{row['Sentiment_Score']:.4g}", exact=True)).to_be_visible()
    expect(page.get_by_text("Answered in")).to_be_visible()


def test_a_row_of_a_table_is_tried(page: Page) -> None:
    """An error is at the field that it is about; a corrected row gets its label and its chances."""
    open_console(page, "/#/models/titanic")
    age = page.get_by_label("Age (optional)")
    age.fill("abc")
    page.get_by_label("Pclass").fill("3")
    page.get_by_label("Sex").fill("female")
    page.get_by_label("Fare").fill("7.25")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Age is not a number: 'abc'")).to_be_visible()
    expect(age).to_have_attribute("aria-invalid", "true")
    expect(age).to_be_focused()
    age.fill("22")
    page.keyboard.press("Enter")
    expect(page.locator(".results")).to_have_text("label1")
    chances = page.get_by_role("listitem")
    expect(chances).to_have_count(2)
    expect(chances.first).to_contain_text("%")
    expect(age).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("model", ["fast", "titanic"])
def test_the_calls_work_as_they_are_shown(page: Page, model: str) -> None:
    """The calls of curl and Python, pasted into a shell and a script, score a row."""
    open_console(page, f"/#/models/{model}")
    curl, script = page.locator("pre").all_inner_texts()
    made = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, check=True)
    assert '"ref":1' in made.stdout
    assert '"error"' not in made.stdout or model == "titanic"
    python = [sys.executable, "-c", script]
    printed = subprocess.run(python, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "error" in printed.stdout


def test_a_key_that_only_reads_has_no_box(
    new_window: Callable[..., Window], keyed_service: Programs
) -> None:
    """Scoring needs the scope to submit: without it there is nothing to try."""
    page = new_window(keyed_service).page
    open_console(page, "/#/models/fast", READER.key)
    expect(page.get_by_role("heading", name="Inputs")).to_be_visible()
    columns = page.get_by_role("table", name="Versions").get_by_role("columnheader")
    expect(columns).to_have_text(["Version", "Aliases", "Processes"])
    expect(page.get_by_role("button", name="Score")).to_have_count(0)


def test_a_model_that_is_not_there(page: Page) -> None:
    """An address of a model that no worker has leads back to the models."""
    open_console(page, "/#/models/nobody")
    expect(page.get_by_text("No such model")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_anybody_can_use_them(
    new_window: Callable[..., Window],
    table_service: Programs,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """In both colours, on wide and narrow screens: no rule of axe is broken, nothing is cut off."""
    page = new_window(table_service, width=width, scheme=scheme).page
    for path in ("/#/models", "/#/models/titanic"):
        open_console(page, path)
        expect(page.locator("main").get_by_text("Served by 1 process").first).to_be_visible()
        check_axe(page)
        check_fits(page)
        check_focus_shows(page)
