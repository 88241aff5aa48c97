"""The instruments of these tests find what they are for, in small pages made for this."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from support.browser.axe import check_axe
from support.browser.files import csv_file
from support.browser.keyboard import Stop, check_focus_shows, focused, tab_stops, tab_to
from support.browser.layout import check_fits, layout_shift
from support.browser.screenshots import MOST, Screenshots
from support.browser.window import Window, download, drop
from support.waiting import wait_for

#: A strict content security policy, with Trusted Types.
POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
}

GOOD = "<main><h1>Jobs</h1><button id=one>One</button> <a href='#two'>Two</a></main>"


def show(
    page: Page,
    body: str = GOOD,
    script: str = "",
    style: str = "",
    policy: Mapping[str, str] = POLICY,
) -> None:
    """Open a page of the service's host that has this content, script, style and policy."""
    html = (
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
        f"<title>A page</title><link rel=icon href=data:,><link rel=stylesheet href=/made.css>"
        f"<body>{body}<script src=/made.js></script>"
    )
    for name, kind, content in [
        ("made", "text/html", html),
        ("made.js", "text/javascript", script),
        ("made.css", "text/css", style),
    ]:
        answer = {"body": content, "headers": {"Content-Type": kind, **policy}}
        page.unroute(f"**/{name}")
        page.route(f"**/{name}", partial(_answer, answer))
    page.goto("/made")


def _answer(answer: dict[str, Any], route: Route) -> None:
    route.fulfill(**answer)


@pytest.mark.parametrize(
    ("body", "script", "fault"),
    [
        ("", "console.warn('odd')", "^console warning: odd"),
        ("", "console.error('bad')", "^console error: bad"),
        ("", "throw new Error('lost')", "^page error: .*lost"),
        ("", "Promise.reject(new Error('lost'))", "^page error: .*lost"),
        ("<script>1</script>", "", "^console error: .*inline script"),
        ("<p style='color: red'>", "", "^console error: .*inline style"),
        ("", "try { eval('1') } catch {}", "^console error: .*TrustedScript"),
        ("", "try { document.body.innerHTML = '<p>' } catch {}", "^console error: .*TrustedHTML"),
        ("", "fetch('/jobs/unknown')", "^404: GET .*/jobs/unknown$"),
        ("<img alt='' src='//elsewhere.example/a.png'>", "", "elsewhere.example"),
    ],
)
def test_a_fault_is_recorded(window: Window, body: str, script: str, fault: str) -> None:
    """Each kind of fault fails the test, unless it is announced."""
    show(window.page, GOOD + body, script)
    wait_for(window.faults.found)
    with pytest.raises(AssertionError, match="did not announce"):
        window.faults.check()
    window.faults.announce(fault)


def test_a_request_to_another_host_is_recorded(window: Window) -> None:
    """A request that no policy forbids is recorded, and reaches nobody."""
    show(window.page, f"{GOOD}<img alt='' src='//elsewhere.example/a.png'>", policy={})
    window.faults.announce(
        "request to another host: GET http://elsewhere.example/a.png",
        "failed request: GET net::ERR_NAME_NOT_RESOLVED",
    )


def test_an_announced_fault_must_occur(window: Window) -> None:
    """An announcement without its fault fails the test."""
    window.faults.announce("404")
    with pytest.raises(AssertionError, match="did not occur:\n  404"):
        window.faults.check()
    window.page.goto("/jobs/unknown")


def test_an_allowed_fault_may_occur(window: Window) -> None:
    """A fault that is allowed fails no test, whether it occurs or not."""
    window.faults.allow("^404: GET .*/jobs/unknown", "ERR_CONNECTION_REFUSED")
    window.page.goto("/jobs/unknown")


def test_axe_works_under_the_policy(page: Page) -> None:
    """Axe finds what is wrong in a page with a strict policy, without breaking the policy."""
    show(page)
    check_axe(page)
    show(page, "<img src='data:image/png;base64,'><button></button>")
    with pytest.raises(AssertionError) as said:
        check_axe(page)
    for line in ("  image-alt (critical)", "  button-name (critical)", "  page-has-heading-one ("):
        assert line in str(said.value)
    assert "    img: Fix any of the following: Element does not have" in str(said.value)


def test_axe_applies_the_rules_of_wcag_2_2(page: Page) -> None:
    """Two small targets side by side break a rule of WCAG 2.2, which is off in axe by default."""
    show(
        page,
        f"{GOOD}<button>a</button><button>b</button>",
        style="button {all: unset; font-size: 8px}",
    )
    with pytest.raises(AssertionError, match="target-size"):
        check_axe(page)


def test_a_file_is_dropped(window: Window, tmp_path: Path) -> None:
    """A page that takes drops gets the file with its name and content; another page does not."""
    path, frame = csv_file(tmp_path, 20_000)
    page = window.page
    show(page)
    with pytest.raises(AssertionError, match="does not take files"):
        drop(page.locator("main"), path)
    show(
        page,
        script="""
        const main = document.querySelector('main');
        main.addEventListener('dragover', (event) => event.preventDefault());
        main.addEventListener('drop', async (event) => {
            const [file] = event.dataTransfer.files;
            const lines = (await file.text()).trimEnd().split('\\n').length;
            document.querySelector('h1').textContent = `${file.name}: ${file.size}, ${lines}`;
        });""",
    )
    drop(page.locator("h1"), path)
    lines = path.read_bytes().count(b"\n")
    expect(page.locator("h1")).to_have_text(f"{path.name}: {path.stat().st_size}, {lines}")
    assert len(frame) == 20_000


def test_a_file_is_downloaded(page: Page, tmp_path: Path) -> None:
    """A download is saved under its name, and leaves no fault behind."""
    show(page, f"{GOOD}<a id=get href=/openapi.json download='api.json'>Get</a>")
    saved = download(page, page.locator("#get").click, tmp_path)
    assert saved == tmp_path / "api.json"
    assert b"openapi" in saved.read_bytes()


def test_the_keyboard_walks_through_a_page(page: Page) -> None:
    """Tab reaches each element in order; an element without a ring is named, and so is a trap."""
    show(page)
    assert [(stop.what, stop.name) for stop in check_focus_shows(page)] == [
        ("button#one", "One"),
        ("a", "Two"),
    ]
    tab_to(page.locator("a"))
    tab_to(page.locator("#one"), key="Shift+Tab")
    assert focused(page) == Stop("button#one", "One", ring=True, seen=True)
    with pytest.raises(AssertionError, match="does not reach"):
        tab_to(page.locator("h1"), limit=5)
    show(page, style="a:focus {outline: none}")
    with pytest.raises(AssertionError, match="what='a'"):
        check_focus_shows(page)
    show(page, script="one.addEventListener('keydown', (event) => event.preventDefault())")
    with pytest.raises(AssertionError, match="caught"):
        tab_stops(page, limit=10)


def test_what_is_too_wide_is_named(page: Page) -> None:
    """A page that must be scrolled sideways is refused, with the element that is too wide."""
    page.set_viewport_size({"width": 320, "height": 640})
    show(page)
    check_fits(page)
    show(page, style="h1 {width: 400px}")
    with pytest.raises(AssertionError, match=r"of 320 pixels wide: .*<h1>"):
        check_fits(page)


def test_a_layout_shift_is_measured(page: Page) -> None:
    """What moves the page without an input counts, with the elements that moved."""
    show(page)
    assert layout_shift(page) == (0, [])
    show(
        page,
        script="""requestAnimationFrame(() => setTimeout(() => {
            document.body.prepend(document.createElement('pre'));
            document.body.className = 'late';
        }, 300));""",
        style="pre {height: 0; margin: 0} .late pre {height: 300px}",
    )
    page.locator(".late").wait_for()
    score, moved = layout_shift(page)
    assert score > 0.01
    assert any("<main>" in one for one in moved)


def test_pictures_are_small_and_in_both_schemes(page: Page, tmp_path: Path) -> None:
    """A picture for the docs has one size in each scheme; without a folder none is made."""
    show(
        page,
        f"{GOOD}<p id=id>{page.url}</p>",
        style="@media (prefers-color-scheme: dark) {body {background: black}}",
    )
    Screenshots(None)(page, "nothing")
    Screenshots(tmp_path)(page, "made", {"#id": "one id"})
    expect(page.locator("#id")).to_have_text("one id")
    light, dark = ((tmp_path / f"made-{scheme}.png").read_bytes() for scheme in ("light", "dark"))
    assert light != dark
    assert 0 < max(len(light), len(dark)) <= MOST
