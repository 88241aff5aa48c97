"""What goes wrong in a window's pages while a test looks at something else."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    WebError,
    WebSocket,
)

#: How Chromium begins a line on the console about a request that failed.
_OF_A_REQUEST = "Failed to load resource"

#: Addresses that lead nowhere: a page makes them of its own data.
_OWN_DATA = {"about", "blob", "data"}


@dataclass(frozen=True)
class Fault:
    """A fault that a page or its browser reported.

    Attributes:
        kind: `console error`, `console warning`, `page error`, `request to another host`,
            `failed request`, `crash`, or the status of an answer: `404`.
        text: what was reported; of an answer, the method.
        url: the address that it is about, if any.
    """

    kind: str
    text: str
    url: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text} {self.url}".rstrip()


class Faults:
    """Records every fault in the pages of one browser context.

    A violation of the content security policy is a console error, by which Chromium reports each.
    A request that the page itself gives up (`net::ERR_ABORTED`: it calls `abort`, or goes to
    another address) is no fault.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        """Listen to a context without pages.

        Args:
            context: the context.
            origin: scheme, host and port of the only server that its pages may call.
        """
        self._context = context
        self._origin = urlsplit(origin)[:2]
        self._found: list[Fault] = []
        self._announced: list[str] = []
        self._allowed: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._page_error)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._answer)
        context.on("page", self._page)

    def announce(self, *patterns: str) -> None:
        """Say that faults will occur in this test.

        Args:
            patterns: regular expressions, each found (`re.search`) in the line of one kind of
                fault, such as `404: GET .*/jobs/unknown`. A pattern that no fault has matched by
                the end of the test fails the test too.
        """
        self._announced += patterns

    def allow(self, *patterns: str) -> None:
        """Say that faults may occur, by chance: while a test restarts the API, some requests fail.

        Args:
            patterns: regular expressions, as of `announce`.
        """
        self._allowed += patterns

    def check(self) -> None:
        """Fail if there was a fault that was not announced, or one announced and not found."""
        self._receive()
        lines = [str(fault) for fault in self._distinct()]
        known = [*self._announced, *self._allowed]
        unexpected = [line for line in lines if not any(re.search(one, line) for one in known)]
        missing = [
            one for one in self._announced if not any(re.search(one, line) for line in lines)
        ]
        assert not unexpected, _listed("faults that the test did not announce", unexpected)
        assert not missing, _listed("announced faults that did not occur", missing)

    def found(self) -> list[Fault]:
        """The faults so far, announced or not."""
        self._receive()
        return self._distinct()

    def _receive(self) -> None:
        """Let Playwright deliver the events that wait; it does so only within its own calls."""
        for page in self._context.pages:
            try:
                page.evaluate("0")
            except Error as error:
                self._found.append(Fault("crash", error.message, page.url))

    def _distinct(self) -> list[Fault]:
        """The faults without Chromium's console line about a request that is recorded itself."""
        requests = {one.url for one in self._found if not one.kind.startswith("console")}
        return [
            one
            for one in self._found
            if not (one.text.startswith(_OF_A_REQUEST) and one.url in requests)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            url = str(message.location.get("url", ""))
            self._found.append(Fault(f"console {message.type}", message.text, url))

    def _page_error(self, error: WebError) -> None:
        self._found.append(Fault("page error", str(error.error)))

    def _request(self, request: Request) -> None:
        self._check_host(request.method, request.url)

    def _check_host(self, method: str, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in _OWN_DATA and address[:2] != self._origin:
            self._found.append(Fault("request to another host", method, url))

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            text = f"{request.method} {request.failure}"
            self._found.append(Fault("failed request", text, request.url))

    def _answer(self, answer: Response) -> None:
        if answer.status >= 400:
            self._found.append(Fault(str(answer.status), answer.request.method, answer.url))

    def _page(self, page: Page) -> None:
        page.on("crash", lambda page: self._found.append(Fault("crash", page.url)))
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        self._check_host("WebSocket", socket.url)


def _listed(what: str, lines: Iterable[str]) -> str:
    return f"{what}:" + "".join(f"\n  {line}" for line in lines)
