"""One client of the load generator, and its connection."""

import re
import selectors
import socket
from collections.abc import Generator
from typing import NamedTuple
from urllib.parse import urlsplit

#: The size of a read. A larger buffer would be new memory from the kernel at each read, which is
#: slower.
READ_BYTES = 32 * 1024

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")


class Answer(NamedTuple):
    """The response to a request."""

    status: int
    body: bytes


#: A generator that yields requests, or pairs of due time (`time.perf_counter`) and request, and is
#: sent the answers.
Client = Generator[bytes | tuple[float, bytes], Answer, None]


class ClientConnection:
    """A client and its connection, which is opened when it is needed.

    Attributes:
        began: the start time of the last request.
    """

    def __init__(self, url: str, client: Client, selector: selectors.BaseSelector) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._client = client
        self._selector = selector
        self._socket: socket.socket | None = None
        self._received = b""
        self.began = 0.0

    def next_request(self, answer: Answer | None) -> bytes | tuple[float, bytes] | None:
        """Pass the answer to the client and get its next request; None if it has no more."""
        try:
            return next(self._client) if answer is None else self._client.send(answer)
        except StopIteration:
            return None

    def send(self, wanted: bytes, began: float) -> None:
        """Send a request. Its latency counts from `began`, and includes opening a connection."""
        self.began = began
        if self._socket is None:
            self._socket = socket.create_connection(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._socket.sendall(wanted)

    def receive(self) -> Answer | None:
        """Read from the connection; returns the answer, or None if it is not complete yet.

        Raises:
            ConnectionError: the server closed the connection.
            ValueError: the answer has no Content-Length.
        """
        data = self._socket.recv(READ_BYTES) if self._socket else b""
        if not data:
            raise ConnectionError("the server closed a connection without an answer")
        data = self._received + data if self._received else data
        end = data.find(b"\r\n\r\n")
        head = data[: max(end, 0)].lower()
        found = _CONTENT_LENGTH.search(head)
        if end >= 0 and not (found or head.startswith(b"http/1.1 204")):
            raise ValueError(f"an answer without Content-Length: {head.decode('latin-1')}")
        body = end + 4
        if end < 0 or (found and len(data) < body + int(found[1])):
            self._received = data
            return None
        self._received = b""
        if b"\r\nconnection: close" in head:
            self._disconnect()
        return Answer(int(head[9:12]), data[body:])

    def close(self) -> None:
        """Close the client and its connection."""
        self._client.close()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._socket:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
