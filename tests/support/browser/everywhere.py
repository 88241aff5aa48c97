"""Checks a page as all people see it."""

from playwright.sync_api import Page
from support.browser.axe import check_axe
from support.browser.layout import check_fits
from support.browser.screenshots import SCHEMES


def check_everywhere(page: Page) -> None:
    """Fail if the page, as it is now, breaks a rule of axe or must be scrolled sideways.

    It is looked at in both colours, on a wide screen and at 320 pixels.
    """
    before = page.viewport_size
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        check_fits(page)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            check_axe(page)
    # Back to what the window was opened with.
    page.emulate_media(color_scheme="null")
    if before:
        page.set_viewport_size(before)
