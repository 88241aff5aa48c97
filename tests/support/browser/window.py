"""A browser window of one person."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Locator, Page
from support.browser.faults import Faults


class Window:
    """A window with its own storage, in which all tabs show one service.

    Attributes:
        url: the address of the service, without a slash at its end.
        page: the first tab, still empty; `page.goto("/")` opens the service's page.
        context: Playwright's context, to which all tabs belong.
        faults: what goes wrong in any tab; the test fails at its end if it did not announce it.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        width: int = 1280,
        height: int = 800,
        scheme: Literal["light", "dark"] = "light",
        motion: Literal["reduce", "no-preference"] = "reduce",
    ) -> None:
        """Open a window.

        Args:
            browser: the browser.
            url: the address of the service.
            width: of the page, in CSS pixels.
            height: of the page, in CSS pixels.
            scheme: the colours that the person prefers.
            motion: whether the person wants fewer animations, which is also steadier in a test.
        """
        self.url = url
        self.context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion=motion,
            accept_downloads=True,
            locale="en-GB",
            timezone_id="UTC",
        )
        self.faults = Faults(self.context, url)
        self.page = self.new_tab()

    def new_tab(self) -> Page:
        """Open another tab, still empty, which shares the storage of the first."""
        return self.context.new_page()

    def close(self) -> None:
        """Close all tabs, without a check of faults."""
        self.context.close()


def drop(target: Locator, *paths: Path) -> None:
    """Drop files on an element, as from a folder of the desktop.

    The page gets `dragenter`, `dragover` and `drop` with the files in their `dataTransfer`. A page
    that refuses the drop by not cancelling `dragover`, which a browser would heed, fails the test.
    """
    # A page gets a file of the disk only by an input; this one is not in the document.
    chosen = target.page.evaluate_handle(
        "() => Object.assign(document.createElement('input'), {type: 'file', multiple: true})"
    ).as_element()
    assert chosen is not None
    chosen.set_input_files(paths)
    assert target.evaluate(
        """(target, chosen) => {
            const dataTransfer = new DataTransfer();
            for (const file of chosen.files) dataTransfer.items.add(file);
            const options = {dataTransfer, bubbles: true, cancelable: true, composed: true};
            const send = (kind) => target.dispatchEvent(new DragEvent(kind, options));
            send('dragenter');
            const accepted = !send('dragover');
            if (accepted) send('drop');
            return accepted;
        }""",
        chosen,
    ), "the page does not take files that are dragged to this element"


def download(page: Page, start: Callable[[], object], folder: Path) -> Path:
    """Save the file that a page downloads.

    Args:
        page: the page.
        start: does what starts the download: a click.
        folder: a folder for the file, which gets the name that the page or the service gives it.

    Returns:
        The path of the complete file.
    """
    with page.expect_download(timeout=180_000) as coming:
        start()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path
