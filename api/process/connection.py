"""A connection of the API: its head is received by the event loop, the rest by a thread."""

import re
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders, LimitRequestLine
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import TConn

from api.process.asked import Asked
from api.process.paced_socket import Pace, PacedSocket
from api.process.question_head import short_length
from api.process.raw_problems import MAX_HEAD, MAX_REQUEST_LINE

#: How much of a head is read in one call, in bytes.
_READ_BYTES = 16 * 1024

#: How much of a body that nobody reads is discarded in one call, in bytes.
_DISCARD_BYTES = 64 * 1024

_END = b"\r\n\r\n"

#: A probe: one of the addresses of health, and no body, which a thread would have to wait for.
_PROBE = re.compile(rb"(?:GET|HEAD) (/livez|/readyz|/metrics)(?:\?[^ ]*)? HTTP/")
_BODY = re.compile(
    rb"\r\n(?:transfer-encoding|content-length(?![ \t]*:[ \t]*0\r\n))[ \t]*:", re.IGNORECASE
)


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A client's connection, over TLS if gunicorn is given a certificate.

    Attributes:
        deadline: when the event loop stops to wait for the client, as `time.monotonic`.
    """

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, pace: Pace) -> None:
        super().__init__(cfg, sock, client, server)
        self._is_greeted = not cfg.is_ssl
        if cfg.is_ssl:
            context = ssl_context(cfg)
            # HTTP/2 would need a thread for each connection.
            context.set_alpn_protocols(["http/1.1"])
            sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.sock = PacedSocket(sock, pace)
        self.parser = get_parser(cfg, self.sock, client)
        # For gunicorn: a thread need not wait for the first byte.
        self.initialized = self.data_ready = True
        #: The question that the event loop has asked for the present request.
        self.asked: Asked | None = None
        #: Why the event loop does not know whether it has recorded the job of the present request.
        self.failure: Exception | None = None
        self._head = bytearray()
        self._whole = 0
        self.deadline = 0.0
        self._unread = 0

    def expect_head(self, seconds: float) -> None:
        """Begin to wait for the head of a request, for some seconds."""
        # A thread that has read the previous request may have received the begin of this one.
        self._head, self._whole = bytearray(self.parser.unreader.take_buffered()), 0
        self.deadline = time.monotonic() + seconds

    def receive_head(self) -> bytes | None:
        """Receive what is there of a head, without waiting.

        Returns:
            The head and what follows it; None if it is not whole yet.

        Raises:
            EOFError: the client has closed the connection.
            gunicorn.http.errors.ParseException: it is too long, or no head.
            OSError: the connection is broken.
        """
        if not self._is_greeted:
            self.sock.setblocking(False)
            try:
                self.sock.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return None
            self._is_greeted = True
        while not self._is_received():
            data = self.sock.read_now(_READ_BYTES)
            if data is None:
                return None
            if not data:
                raise EOFError
            self._head += data
        return bytes(self._head)

    def _is_received(self) -> bool:
        """Whether the head is there, and the body of a short question."""
        if not self._whole:
            if _END not in self._head:
                self._check()
                return False
            self._whole = short_length(self._head) or 1
        return len(self._head) >= self._whole

    def take_head(self) -> bytes | None:
        """The head and what follows it, if the head is whole."""
        return bytes(self._head) if self._whole else None

    def _check(self) -> None:
        """Refuse the beginning of a head that can become no head."""
        if self._head.count(b"\n") > self._head.count(b"\r\n"):
            raise InvalidRequestLine("a line does not end with CRLF")
        if len(self._head) > MAX_HEAD:
            if b"\r\n" in self._head[: MAX_REQUEST_LINE + 4]:
                raise LimitRequestHeaders("a head that is too long")
            raise LimitRequestLine(len(self._head), MAX_REQUEST_LINE)

    @property
    def question_bytes(self) -> int:
        """The bytes of the request in hand, if it is a short question; otherwise 0."""
        return self._whole if self._whole > 1 else 0

    def take(self, rest: bytes) -> None:
        """Take the request in hand; `rest` follows it, and belongs to the next one."""
        self._head = bytearray()
        if rest:
            self.parser.unreader.unread(rest)

    def begin_again(self) -> None:
        """Forget that the request was parsed; `hand_over` gives it to the parser again."""
        self.parser = get_parser(self.cfg, self.sock, self.client)

    def hand_over(self, head: bytes, pace: Pace) -> None:
        """Prepare the connection for a thread, which finds `head` as if it had received it."""
        self._head = bytearray()
        self.parser.unreader.unread(head)
        self.sock.begin(pace)

    @property
    def has_begun(self) -> bool:
        """Whether the beginning of a head was received."""
        return bool(self._head)

    def expect_end(self, seconds: float, unread: int) -> None:
        """Begin to wait until the client closes the connection.

        Args:
            seconds: for how long.
            unread: how many bytes it may still send.
        """
        self._head, self._unread = bytearray(), unread
        self.deadline = time.monotonic() + seconds

    def discard(self) -> bool:
        """Discard some of what the client still sends; whether it has closed or sent too much.

        Raises:
            OSError: the connection is broken.
        """
        data = self.sock.read_now(_DISCARD_BYTES)
        if data is not None:
            self._unread -= len(data)
        return data == b"" or self._unread <= 0

    def say_no_more(self) -> bool:
        """End the answers: the client learns that none follows. False if it has left already."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def drop(self) -> None:
        """Close the connection; what is still to be sent to a client that was given up, is not."""
        with suppress(OSError):
            if self.sock.is_given_up:
                self.sock.reset_on_close(True)
            self.sock.close()


def probed(head: bytes) -> str:
    """The address of health that a head asks for: `/livez`, for instance; empty if it is no probe.

    A request with a body is none: a thread has to wait for the body.
    """
    found = _PROBE.match(head)
    return "" if not found or _BODY.search(head, 0, head.index(_END) + 2) else found[1].decode()
