"""The first page that a person sees, in Chromium."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from support.browser.axe import check_axe
from support.browser.console import open_console
from support.browser.keyboard import check_focus_shows
from support.browser.layout import check_fits, layout_shift, paints
from support.browser.window import Window


def test_it_asks_only_the_service(window: Window) -> None:
    """The page loads files of the service alone, all of them with an answer of 200."""
    answers: list[tuple[str, int]] = []
    window.context.on("response", lambda one: answers.append((one.url, one.status)))
    open_console(window.page)
    assert len(answers) > 3
    assert {status for _, status in answers} == {200}
    assert all(url.startswith(f"{window.url}/") for url, _ in answers)


def test_its_policy_forbids_what_it_does_not_need(window: Window) -> None:
    """The answer forbids scripts and styles in the page, other hosts, frames and referrers."""
    answer = window.page.goto("/")
    assert answer is not None
    policy = answer.header_value("Content-Security-Policy") or ""
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert answer.header_value("X-Content-Type-Options") == "nosniff"
    assert answer.header_value("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_anybody_can_use_it(
    new_window: Callable[..., Window], scheme: Literal["light", "dark"], width: int
) -> None:
    """In both colours, on wide and narrow screens: no rule of axe is broken, nothing is cut off."""
    page = new_window(width=width, scheme=scheme).page
    open_console(page)
    check_axe(page)
    check_fits(page)


def test_the_keyboard_reaches_everything(page: Page) -> None:
    """The first stop skips the navigation, and each stop shows that it has the focus."""
    open_console(page)
    first, *others = check_focus_shows(page)
    assert first.name == page.locator(".skip").inner_text()
    assert len(others) > 3


def test_the_first_link_skips_the_navigation(page: Page) -> None:
    """It leads to the content of the page, and to no other page."""
    open_console(page, "/#/models")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/#/models$"))


@pytest.mark.parametrize("address", ["/#/models/%", "/#/models/%E0%A4%A", "/#/models/%3Cb%3E"])
def test_an_odd_address_leads_to_a_page(page: Page, address: str) -> None:
    """Also where it is no valid encoding of a text."""
    open_console(page, address)
    expect(page.get_by_text("No such model", exact=True)).to_be_visible()


def test_nothing_moves_while_it_loads(
    new_window: Callable[..., Window], figures: dict[str, float]
) -> None:
    """What a person aims at stays where it is; when the page appears is measured."""
    page = new_window(motion="no-preference").page
    open_console(page)
    page.wait_for_load_state("networkidle")
    score, moved = layout_shift(page)
    figures["layout shift"] = score
    for name, milliseconds in paints(page).items():
        figures[f"{name}, ms"] = round(milliseconds)
    assert score < 0.01, moved
