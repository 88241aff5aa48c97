"""A receiver of callbacks: a real HTTP server, that answers as it is told and keeps what it got."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass
class Receiver:
    """What it got, and what it will answer; when nothing is left of that, 204."""

    url: str
    port: int
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    #: While it is not set the head of an answer trickles, a byte at a time.
    swift: threading.Event = field(default_factory=threading.Event)

    def verified(self, secret: str, at: int = -1) -> Any:
        """A message, by the library that receivers use; raises where it is not ours."""
        headers, body = self.got[at]
        return Webhook(secret).verify(body, headers)


@contextmanager
def receiving(certificate: Path | None = None, key: Path | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of the loopback; with a certificate, over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            receiver.got.append((dict(self.headers.items()), self.rfile.read(length)))
            if not receiver.swift.is_set():
                try:
                    self.wfile.write(b"HTTP/1.1 204 No Content\r\n")
                    while not receiver.swift.wait(0.02):
                        self.wfile.write(b"X: y\r\n")
                except OSError:
                    return
            status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    scheme = "http"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a handshake refused
    receiver = Receiver(f"{scheme}://localhost:{port}/scored?token=1", port)
    receiver.swift.set()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.swift.set()
        server.shutdown()
        thread.join()
        server.server_close()
