"""How a page is laid out, and when it appeared."""

from playwright.sync_api import Page

#: The names of the elements that reach beyond the right or left edge of the page.
_BEYOND = """() => Array.from(document.body.querySelectorAll('*')).filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map((one) => one.outerHTML.slice(0, 100))"""

#: The observer reports what happened before it exists, and does so after the current task.
_SHIFTS = """() => new Promise((done) => new PerformanceObserver((list) => done(
    list.getEntries().filter((one) => !one.hadRecentInput).map((one) => [
        one.value, ...one.sources.map((source) => source.node?.outerHTML?.slice(0, 100) ?? '')])
)).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done([]), 500))"""


def check_fits(page: Page) -> None:
    """Fail if the page must be scrolled sideways (WCAG 2.2, 1.4.10); name what is too wide."""
    wide, has = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= has, f"{wide} of {has} pixels wide: {page.evaluate(_BEYOND)}"


def layout_shift(page: Page) -> tuple[float, list[str]]:
    """The sum of all layout shifts without an input just before, and the elements that moved.

    A shift's score is the share of the view that moved times the distance, as a share of the view
    (Layout Instability API): 0 means that nothing moved.
    """
    shifts = page.evaluate(_SHIFTS)
    return sum(score for score, *_ in shifts), [name for _, *names in shifts for name in names]


def paints(page: Page) -> dict[str, float]:
    """When the page was painted, in milliseconds after the navigation: `first-paint` and others."""
    return dict(
        page.evaluate(
            "() => performance.getEntriesByType('paint').map((one) => [one.name, one.startTime])"
        )
    )
