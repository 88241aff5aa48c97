"""Serves a worker's `GET /metrics` from a thread of its main process, which scores nothing."""

import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from shared.allowed_hosts import AllowedHosts

logger = logging.getLogger(__name__)

#: How long a client may send nothing before its connection is closed, in seconds.
IDLE_SECONDS = 10.0

#: Makes the page of metrics: from the request's `Accept`, the content and its media type.
Page = Callable[[str | None], tuple[bytes, str]]


class MetricsServer(ThreadingHTTPServer):
    """Answers `GET /metrics`, 404 to all other paths, and 400 to a `Host` that is not allowed."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], page: Page, allowed_hosts: str = "") -> None:
        """Listen on an address; requests are answered after `start`.

        Args:
            address: the address and the port.
            page: makes the page of metrics.
            allowed_hosts: the setting of this name; see `shared.allowed_hosts`.

        Raises:
            OSError: the address is taken, or does not belong to this machine.
        """
        self.page, self.hosts = page, AllowedHosts(allowed_hosts)
        super().__init__(address, _Handler)

    def start(self) -> None:
        """Start to answer requests, in a thread for each."""
        Thread(target=self.serve_forever, name="metrics", daemon=True).start()
        logger.info("metrics at http://%s:%d/metrics", *self.server_address[:2])


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        # Without keys, as the API without keys does: otherwise a web page could read the metrics.
        if not self.server.hosts.allow(
            self.headers.get("Host", ""), str(self.server.server_address[0])
        ):
            self.send_error(400, explain="List the name in SCORELANE_ALLOWED_HOSTS.")
            return
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        content, media_type = self.server.page(self.headers.get("Accept"))
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        logger.debug(format, *args)
