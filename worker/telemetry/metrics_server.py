"""A worker's own `GET /metrics`: a thread of its main process, which scores nothing."""

import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

logger = logging.getLogger(__name__)

#: A client that is silent for longer is left alone, in seconds.
PATIENCE_SECONDS = 10.0

#: What is asked for, by the `Accept` of who asks: the page, and its media type.
Page = Callable[[str | None], tuple[bytes, str]]


class MetricsServer(ThreadingHTTPServer):
    """Answers `GET /metrics`, and nothing else."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], page: Page) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        self.page = page
        super().__init__(address, _Handler)

    def start(self) -> None:
        """Answer from now on."""
        Thread(target=self.serve_forever, name="metrics", daemon=True).start()
        logger.info("metrics at http://%s:%d/metrics", *self.server_address[:2])


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
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
