"""Walks through a page with the Tab key."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

#: The element that has the focus, also in a shadow tree, and how it looks.
_FOCUSED = """() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    return {
        what: element.tagName.toLowerCase() + (element.id ? '#' + element.id : ''),
        name: (element.ariaLabel || element.labels?.[0]?.innerText || element.innerText
            || '').trim(),
        ring: style.boxShadow !== 'none'
            || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0),
        seen: Boolean(top) && (element.contains(top) || top.contains(element)
            || Array.from(element.labels ?? []).some((label) => label.contains(top))),
    };
}"""


@dataclass(frozen=True)
class Stop:
    """An element that gets the focus by the Tab key.

    Attributes:
        what: its tag, and its id: `button#send`.
        name: its label or text.
        ring: whether an outline or a shadow shows that it has the focus.
        seen: whether its middle is in view, and nothing else lies over it.
    """

    what: str
    name: str
    ring: bool
    seen: bool


def focused(page: Page) -> Stop | None:
    """The element that has the focus; None if it is the page itself."""
    found = page.evaluate(_FOCUSED)
    return Stop(**found) if found else None


def tab_stops(page: Page, limit: int = 200) -> list[Stop]:
    """The elements that Tab reaches, from where the focus is until it leaves the page.

    Fails if the focus is still in the page after `limit` presses: it is caught somewhere.
    """
    stops: list[Stop] = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        stop = focused(page)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError(f"the focus is caught: {stops[-5:]}")


def check_focus_shows(page: Page) -> list[Stop]:
    """Fail if the focus cannot be seen on an element that Tab reaches; returns the elements."""
    stops = tab_stops(page)
    hidden = [stop for stop in stops if not (stop.ring and stop.seen)]
    assert not hidden, f"the focus cannot be seen on {hidden}"
    return stops


def tab_to(target: Locator, key: str = "Tab", limit: int = 200) -> None:
    """Press Tab until an element has the focus; fail, and name the stops, if it never does.

    Args:
        target: the element.
        key: the key; `Shift+Tab` walks back.
        limit: how many times it is pressed at most.
    """
    page = target.page
    passed = []
    for _ in range(limit):
        page.keyboard.press(key)
        if target.evaluate("(one) => one === one.getRootNode().activeElement"):
            return
        passed.append(focused(page))
    raise AssertionError(f"{key} does not reach {target}, only {list(dict.fromkeys(passed))}")
