"""A client of the API at the level of sockets: it can send by halves, and read nothing."""

import json
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class RawAnswer:
    """An answer: its status, its headers with names in lower case, and its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RawClient:
    """One connection to the API."""

    def __init__(self, port: int, *, timeout: float = 60, buffer: int | None = None) -> None:
        """Connect. A small receive buffer (`buffer`, in bytes) makes the API's writes wait."""
        self.socket: socket.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self._received = b""

    def secure(self, context: ssl.SSLContext) -> Self:
        """Begin TLS."""
        self.socket = context.wrap_socket(
            self.socket, server_hostname="localhost", do_handshake_on_connect=False
        )
        self.socket.do_handshake()  # type: ignore[attr-defined]  # it is an SSLSocket now
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self) -> RawAnswer:
        """Read one answer with a Content-Length."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)
        }
        status, length = int(start.split()[1]), int(headers.get("content-length", "0"))
        if status == 100:
            return RawAnswer(status, headers, b"")
        while len(self._received) < length:
            self._receive()
        body, self._received = self._received[:length], self._received[length:]
        return RawAnswer(status, headers, body)

    def is_closed(self) -> bool:
        """Read to the end; whether the API has closed the connection before this client's limit."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the API has closed the connection after {self._received[:200]!r}")
        self._received += data


def head(line: str, *headers: str) -> bytes:
    """The head of a request: `GET /livez`, and its headers."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def get(port: int, path: str, *headers: str, timeout: float = 60) -> RawAnswer:
    """The answer to a GET on a connection of its own."""
    with RawClient(port, timeout=timeout) as client:
        client.send(head(f"GET {path}", "Connection: close", *headers))
        return client.answer()


def trickle(client: RawClient, content: bytes, *, every: float, step: int) -> float:
    """Send `step` bytes every `every` seconds until the API closes the connection or all is sent.

    Returns:
        How many seconds that took.
    """
    started = time.monotonic()
    client.socket.settimeout(every)
    for begin in range(0, len(content), step):
        try:
            client.socket.sendall(content[begin : begin + step])
        except OSError:
            break
        with suppress(TimeoutError):
            # Waits for an answer, rather than sleeps: the API answers a client that is too slow.
            client._received += client.socket.recv(65536)
            break
    return time.monotonic() - started
