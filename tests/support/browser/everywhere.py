"""Checks a page as all people see it."""

from playwright.sync_api import Page
from support.browser.axe import check_axe
from support.browser.layout import check_fits
from support.browser.screenshots import SCHEMES


def check_everywhere(page: Page) -> None:
    """Fail if the page, as it is now, breaks a rule of axe or must be scrolled sideways.

    It is looked at in light colours on a wide screen, and in dark ones at 320 pixels.
    """
    before = page.viewport_size
    for width, scheme in zip((1280, 320), SCHEMES, strict=True):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        check_fits(page)
        check_axe(page)
    # Back to what the window was opened with.
    page.emulate_media(color_scheme="null")
    if before:
        page.set_viewport_size(before)
