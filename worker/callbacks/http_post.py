"""Posts a message to a checked address, in a bounded time."""

import math
import socket
import ssl
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from threading import Lock, Timer

from shared.webhooks.target import Allowed, Target, find_target


@dataclass(frozen=True)
class Receipt:
    """The response of a receiver."""

    status: int
    retry_after: float = 0.0  #: `Retry-After`, in seconds from now; 0 if there was none.


class Cutoff:
    """Ends a delivery from another thread, at any point after its host was looked up."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    @property
    def is_cut(self) -> bool:
        """Whether the delivery was cut off."""
        return self._is_cut

    def cut(self) -> None:
        """Shut the connection down; reading and writing fail, now and later."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                _shut_down(self._socket)

    def watch(self, connection: socket.socket) -> None:
        """Take the socket that `cut` is to shut down, before it connects.

        Raises:
            TimeoutError: the delivery was cut off before.
        """
        with self._lock:
            if self._is_cut:
                raise TimeoutError
            self._socket = connection


class WebhookClient:
    """Posts messages by HTTP; the address to which it connects is the one that it has checked.

    It follows no redirect, uses no proxy, and reads only the head of a response.
    """

    def __init__(self, allowed: Allowed, timeout: float) -> None:
        """Take the private addresses that are allowed, and the seconds for one message in all."""
        self._allowed = allowed
        self._timeout = timeout
        self._tls = ssl.create_default_context()

    def post(
        self, url: str, headers: dict[str, str], body: bytes, cutoff: Cutoff | None = None
    ) -> Receipt:
        """POST a message. Another thread may end it by `cutoff`, as if its time were over.

        Raises:
            shared.errors.input.BadCallback: the URL leads to an address that is not allowed.
            TimeoutError: there was no complete response in time.
            OSError: the message could not be delivered.
        """
        cutoff = cutoff or Cutoff()
        # A socket's timeout is for each read: a receiver that sends a byte now and then would never
        # exceed it. So a timer limits the whole.
        timer = Timer(self._timeout, cutoff.cut)
        timer.daemon = True
        timer.start()
        try:
            target = find_target(url, self._allowed)
            with (
                closing(_connect(target, self._timeout, cutoff)) as raw,
                closing(self._over_tls(raw, target, cutoff)) as connection,
            ):
                receipt = _post(connection, target, headers, body)
        except (OSError, HTTPException) as error:
            if cutoff.is_cut:
                raise TimeoutError from None
            if isinstance(error, OSError):
                raise
            raise OSError(0, f"no HTTP answer: {type(error).__name__}") from None
        finally:
            timer.cancel()
        if cutoff.is_cut:
            # A response that was cut off can look like a complete one.
            raise TimeoutError
        return receipt

    def _over_tls(self, connection: socket.socket, target: Target, cutoff: Cutoff) -> socket.socket:
        """The same connection, secured if the URL says so."""
        if target.scheme != "https":
            return connection
        # The handshake is a call of its own, because `cut` must be able to end it.
        secured = self._tls.wrap_socket(
            connection, server_hostname=target.host, do_handshake_on_connect=False
        )
        try:
            cutoff.watch(secured)
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured


def _connect(target: Target, timeout: float, cutoff: Cutoff) -> socket.socket:
    share = timeout / len(target.addresses)
    for address in target.addresses[:-1]:
        with suppress(OSError):
            return _connect_to(address, target.port, share, cutoff)
    return _connect_to(target.addresses[-1], target.port, share, cutoff)


def _connect_to(address: str, port: int, timeout: float, cutoff: Cutoff) -> socket.socket:
    """Connect to an address, unless the delivery is cut off first.

    Raises:
        TimeoutError: there was no connection in time.
        OSError: there is none.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        cutoff.watch(connection)
        connection.settimeout(timeout)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


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


def _shut_down(connection: socket.socket) -> None:
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
