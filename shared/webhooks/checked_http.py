"""Requests by HTTP to a checked address, in a bounded time."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Lock, Timer
from typing import TypeVar

from shared.webhooks.target import Allowed, Target, find_target

Result = TypeVar("Result")


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


class CheckedHttp:
    """Sends requests; the address to which it connects is the one that it has checked.

    It follows no redirect and uses no proxy.
    """

    def __init__(self, allowed: Allowed, timeout: float) -> None:
        """Take the private addresses that are allowed, and the seconds for one request in all."""
        self._allowed = allowed
        self._timeout = timeout

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """What checks the certificates of servers; to read those of the system takes 50 ms."""
        return ssl.create_default_context()

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        read: Callable[[HTTPResponse], Result],
        cutoff: Cutoff | None = None,
    ) -> Result:
        """Send a request, and return what `read` makes of the response.

        Another thread may end it by `cutoff`, as if its time were over.

        Raises:
            shared.errors.input.BadCallback: the URL leads to an address that is not allowed.
            TimeoutError: there was no complete response in time.
            OSError: the request could not be sent, or its response is not HTTP.
        """
        cutoff = cutoff or Cutoff()
        # A socket's timeout is for each read: a server that sends a byte now and then would never
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
                result = read(_send(connection, target, method, headers, body))
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
        return result

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


def _send(
    connection: socket.socket,
    target: Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
) -> HTTPResponse:
    http = HTTPConnection(target.host, target.port)
    # Given, because `HTTPConnection.connect` would look up the host again, and might get an address
    # that was not checked.
    http.sock = connection
    http.request(
        method, target.path, body, {"Host": target.authority, "Connection": "close", **headers}
    )
    return http.getresponse()


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not `SSLSocket.shutdown`: that drops the TLS object with which the other thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
