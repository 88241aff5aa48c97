"""A receiver of callbacks: a real HTTP server, which keeps the requests and sends set responses."""

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
    """The state of a receiver: the requests that it got, and the responses that it will send."""

    url: str
    port: int
    #: Headers and body of each request.
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    #: Status and headers of the next responses; when none is left, it responds with 204.
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    #: While it is not set, a response never gets beyond its headers, which come one by one.
    responsive: threading.Event = field(default_factory=threading.Event)

    def verified(self, secret: str, at: int = -1) -> Any:
        """Verify a request by the library that receivers use, and return its message.

        Raises:
            standardwebhooks.webhooks.WebhookVerificationError: the signature is wrong.
        """
        headers, body = self.got[at]
        return Webhook(secret).verify(body, headers)


@contextmanager
def receiving(certificate: Path | None = None, key: Path | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port of the loopback interface; with a certificate, over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            receiver.got.append((dict(self.headers.items()), self.rfile.read(length)))
            if not receiver.responsive.is_set():
                try:
                    self.wfile.write(b"HTTP/1.1 204 No Content\r\n")
                    while not receiver.responsive.wait(0.02):
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
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # silences refused handshakes
    receiver = Receiver(f"{scheme}://localhost:{port}/scored?token=1", port)
    receiver.responsive.set()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.responsive.set()
        server.shutdown()
        thread.join()
        server.server_close()
