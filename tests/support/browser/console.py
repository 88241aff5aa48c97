"""Opens the console as a person does."""

from playwright.sync_api import Page, expect


def open_console(page: Page, path: str = "/", key: str | None = None) -> None:
    """Open a page of the console, and wait until it knows who the person is.

    Args:
        page: an empty tab, or one that shows the console.
        path: the address, from the slash on: `/#/jobs`.
        key: the key that the person enters, on a service that asks for one.
    """
    page.goto(path)
    if key is not None:
        enter_key(page, key)
    expect(page.locator("nav a:visible").first).to_be_visible()
    expect(page.locator("main h1")).to_be_visible()


def enter_key(page: Page, key: str) -> None:
    """Enter a key in the form that asks for it, and send it."""
    asked = page.get_by_label("Key", exact=False).and_(page.locator("input"))
    asked.fill(key)
    asked.press("Enter")
