"""Signing in with a key, in Chromium."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.browser.axe import check_axe
from support.browser.console import enter_key, open_console
from support.browser.window import Window
from support.owners import ALICE, READER, ROOT, SENDER, Owner
from support.programs import Programs


@pytest.mark.parametrize(
    ("owner", "pages"),
    [
        (ALICE, ["New job", "Jobs", "Models"]),
        (READER, ["Jobs", "Models"]),
        (SENDER, ["New job"]),
        (ROOT, ["New job", "Jobs", "Models", "Service"]),
    ],
    ids=["both", "read", "submit", "admin"],
)
def test_a_key_opens_the_pages_of_its_scopes(
    new_window: Callable[..., Window], keyed_service: Programs, owner: Owner, pages: list[str]
) -> None:
    """The navigation has the pages that the key's scopes allow, and the first of them is shown."""
    window = new_window(keyed_service)
    page = window.page
    open_console(page, key=owner.key)
    assert page.locator("nav a:visible").all_inner_texts() == pages
    expect(page.locator("main h1")).to_have_text(pages[0])


def test_the_form_for_a_key_is_accessible(
    new_window: Callable[..., Window], keyed_service: Programs
) -> None:
    """The form breaks no rule of axe, has the focus, and says that a key is wrong."""
    window = new_window(keyed_service)
    page = window.page
    page.goto("/")
    asked = page.locator("main input")
    expect(asked).to_be_focused()
    check_axe(page)
    window.faults.announce("401: GET .*/identity")
    enter_key(page, "wrong")
    expect(asked).to_have_attribute("aria-invalid", "true")
    check_axe(page)


def test_a_key_stays_in_its_tab(new_window: Callable[..., Window], keyed_service: Programs) -> None:
    """A key is in no address, cookie or storage; another tab asks for it, and so does a reload."""
    window = new_window(keyed_service)
    addresses: list[str] = []
    window.context.on("request", lambda request: addresses.append(request.url))
    open_console(window.page, key=ALICE.key)
    state = window.context.storage_state(indexed_db=True)
    assert state == {"cookies": [], "origins": []}
    assert window.page.evaluate("sessionStorage.length") == 0
    assert not [url for url in [*addresses, window.page.url] if ALICE.key in url]
    other = window.new_tab()
    other.goto("/")
    expect(other.locator("main input")).to_be_focused()
    window.page.reload()
    expect(window.page.locator("main input")).to_be_focused()
