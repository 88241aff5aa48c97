"""Carries one message to one receiver, in a bounded time."""

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
    """What a receiver answered."""

    status: int
    retry_after: float = 0.0  #: Seconds that it asks to be left alone; 0: it does not say.


class WebhookClient:
    """Sends messages by HTTP, to addresses that were checked at that moment and to no other.

    It follows no redirect, asks no proxy, and reads no more than an answer's head.
    """

    def __init__(self, allowed: Allowed, timeout: float) -> None:
        """Take where it may go, and the seconds that a message may take in all."""
        self._allowed = allowed
        self._timeout = timeout
        self._tls = ssl.create_default_context()

    def carry(self, url: str, headers: dict[str, str], body: bytes) -> Receipt:
        """POST a message.

        Raises:
            shared.errors.input.BadCallback: the URL leads where it may not.
            TimeoutError: there was no whole answer in time.
            OSError: it could not be delivered.
        """
        target, until = find_target(url, self._allowed), time.monotonic() + self._timeout
        line = _reach(target, self._timeout)
        if target.scheme == "https":
            # Not yet: a handshake that never ends must be in the time that is measured.
            line = self._tls.wrap_socket(
                line, server_hostname=target.host, do_handshake_on_connect=False
            )
        # A receiver that sends a byte now and then would pass every timeout of the socket.
        late = Event()
        alarm = Timer(max(until - time.monotonic(), 0.0), _cut, (line, late))
        alarm.daemon = True
        alarm.start()
        try:
            with closing(line):
                if isinstance(line, ssl.SSLSocket):
                    line.do_handshake()
                receipt = _post(line, target, headers, body)
        except (OSError, HTTPException) as error:
            if late.is_set():
                raise TimeoutError from None
            if isinstance(error, OSError):
                raise
            raise OSError(0, f"no HTTP answer: {type(error).__name__}") from None
        finally:
            alarm.cancel()
        if late.is_set():
            # Half an answer that was cut off reads like a whole one.
            raise TimeoutError
        return receipt


def _reach(target: Target, timeout: float) -> socket.socket:
    share = timeout / len(target.addresses)
    for address in target.addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, target.port), share)
    return socket.create_connection((target.addresses[-1], target.port), share)


def _post(line: socket.socket, target: Target, headers: dict[str, str], body: bytes) -> Receipt:
    connection = HTTPConnection(target.host, target.port)
    # It would look up the host anew.
    connection.sock = line
    connection.request(
        "POST", target.path, body, {"Host": target.authority, "Connection": "close", **headers}
    )
    answer = connection.getresponse()
    return Receipt(answer.status, _seconds(answer.getheader("Retry-After", "")))


def _cut(line: socket.socket, late: Event) -> None:
    late.set()
    with suppress(OSError):
        # Not `SSLSocket.shutdown`: it takes away what the other thread reads by.
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _seconds(retry_after: str) -> float:
    """A `Retry-After`, in seconds from now; 0 where it is none."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        left = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(left, 0.0) if math.isfinite(left) else 0.0
