"""Posts a message to a checked address, in a bounded time."""

import math
import socket
import ssl
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer

from shared.webhooks.target import Allowed, Target, find_target


@dataclass(frozen=True)
class Receipt:
    """The response of a receiver."""

    status: int
    retry_after: float = 0.0  #: `Retry-After`, in seconds from now; 0 if there was none.


class WebhookClient:
    """Posts messages by HTTP; the address to which it connects is the one that it has checked.

    It follows no redirect, uses no proxy, and reads only the head of a response.
    """

    def __init__(self, allowed: Allowed, timeout: float) -> None:
        """Take the private addresses that are allowed, and the seconds for one message in all."""
        self._allowed = allowed
        self._timeout = timeout
        self._tls = ssl.create_default_context()

    def post(self, url: str, headers: dict[str, str], body: bytes) -> Receipt:
        """POST a message.

        Raises:
            shared.errors.input.BadCallback: the URL leads to an address that is not allowed.
            TimeoutError: there was no complete response in time.
            OSError: the message could not be delivered.
        """
        target, deadline = find_target(url, self._allowed), time.monotonic() + self._timeout
        connection = _connect(target, self._timeout)
        if target.scheme == "https":
            # The handshake comes after the timer is started, because it may never end.
            connection = self._tls.wrap_socket(
                connection, server_hostname=target.host, do_handshake_on_connect=False
            )
        # A socket's timeout is for each read: a receiver that sends a byte now and then would never
        # exceed it. So a timer limits the whole.
        timed_out = Event()
        timer = Timer(max(deadline - time.monotonic(), 0.0), _shut_down, (connection, timed_out))
        timer.daemon = True
        timer.start()
        try:
            with closing(connection):
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()
                receipt = _post(connection, target, headers, body)
        except (OSError, HTTPException) as error:
            if timed_out.is_set():
                raise TimeoutError from None
            if isinstance(error, OSError):
                raise
            raise OSError(0, f"no HTTP answer: {type(error).__name__}") from None
        finally:
            timer.cancel()
        if timed_out.is_set():
            # A response that was cut off can look like a complete one.
            raise TimeoutError
        return receipt


def _connect(target: Target, timeout: float) -> socket.socket:
    share = timeout / len(target.addresses)
    for address in target.addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, target.port), share)
    return socket.create_connection((target.addresses[-1], target.port), share)


def _post(
    connection: socket.socket, target: Target, headers: dict[str, str], body: bytes
) -> Receipt:
    http = HTTPConnection(target.host, target.port)
    # Given, because `HTTPConnection.connect` would look up the host again, and might get an address
    # that was not checked.
    http.sock = connection
    http.request(
        "POST", target.path, body, {"Host": target.authority, "Connection": "close", **headers}
    )
    response = http.getresponse()
    return Receipt(response.status, _seconds(response.getheader("Retry-After", "")))


def _shut_down(connection: socket.socket, timed_out: Event) -> None:
    timed_out.set()
    with suppress(OSError):
        # Not `SSLSocket.shutdown`: that drops the TLS object with which the other thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _seconds(retry_after: str) -> float:
    """A `Retry-After` header, in seconds from now; 0 if it is missing or malformed."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        left = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(left, 0.0) if math.isfinite(left) else 0.0
