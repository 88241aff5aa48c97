"""A proxy before an S3 server: it counts requests, and can refuse or delay them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: Headers of one connection, which are not passed on.
_OF_A_CONNECTION = {"connection", "transfer-encoding", "keep-alive"}


class S3Proxy:
    """What a proxy has seen, and what it does.

    Attributes:
        seen: the method and the path of each request that was passed on.
        refused: how many requests got a 503.
        refuse_every: every request with this number gets a 503, such as every fifth; 0: none.
        delay: the seconds that each request waits.
        hold: a method, and a part of an address: such requests wait until `drop`.
        expired: whether every request is refused, as with a token that has expired.
    """

    def __init__(self, upstream: str) -> None:
        """Take the address of the server."""
        self.upstream = urlsplit(upstream)
        self.seen: list[tuple[str, str]] = []
        self.refused = 0
        self.refuse_every = 0
        self.delay = 0.0
        self.hold: tuple[str, str] | None = None
        self._held = threading.Event()
        self._dropped = threading.Event()
        self.expired = False
        self._number = 0
        self._lock = threading.Lock()

    def refusal(self, method: str, path: str) -> tuple[int, str] | None:
        """Count a request; returns the status and the code with which it is refused, if it is."""
        if self.expired:
            return 400, "ExpiredToken"
        with self._lock:
            self._number += 1
            if self.refuse_every and self._number % self.refuse_every == 0:
                self.refused += 1
                return 503, "SlowDown"
            self.seen.append((method, path))
        return None

    def wait(self, method: str, path: str) -> bool:
        """Wait for as long as such a request is to wait; returns whether to pass it on."""
        if self.delay:
            time.sleep(self.delay)
        hold = self.hold
        if not hold or hold[0] != method or hold[1] not in path:
            return True
        dropped = self._dropped
        self._held.set()
        dropped.wait()
        return False

    def wait_for_held(self, seconds: float = 180.0) -> None:
        """Wait until a request is held."""
        assert self._held.wait(seconds), f"no {self.hold} came"

    def drop(self) -> None:
        """Pass on no request that is held, and hold no more."""
        self.hold = None
        self._dropped.set()
        self._held, self._dropped = threading.Event(), threading.Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def refuse(self, status: int, code: str) -> None:
        """Answer as a store does that refuses a request."""
        content = f"<Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.command != "HEAD" else b"")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def s3_proxy(variables: dict[str, str]) -> Iterator[tuple[S3Proxy, dict[str, str]]]:
    """Run a proxy; gives it, and the variables that lead to it in place of the server."""
    proxy = S3Proxy(variables["AWS_ENDPOINT_URL"])

    class Handler(_Handler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if not proxy.wait(self.command, self.path):
                self.close_connection = True
                return
            if refused := proxy.refusal(self.command, self.path):
                self.refuse(*refused)
                return
            connection = HTTPConnection(proxy.upstream.hostname or "", proxy.upstream.port or 80)
            # With its own `Host`, which is part of what the client has signed.
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in _OF_A_CONNECTION:
                    connection.putheader(name, value)
            try:
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
            except OSError:  # the server is gone: so is this connection
                self.close_connection = True
                return
            finally:
                connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {*_OF_A_CONNECTION, "content-length", "date", "server"}:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815  the names of http.server

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        yield proxy, variables | {"AWS_ENDPOINT_URL": address}
    finally:
        proxy.drop()
        server.shutdown()
        server.server_close()
        thread.join()
