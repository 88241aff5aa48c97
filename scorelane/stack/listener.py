"""The socket on which the API of the stack listens, and the address at which it is reached."""

import errno
import socket

from scorelane.stack.errors import AddressInUse, BadAddress


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Clients that connect before the API has started wait for it.

    Raises:
        scorelane.stack.errors.AddressInUse: another program uses the port.
        scorelane.stack.errors.BadAddress: it cannot listen there for another reason.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((address[0], port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise AddressInUse(host=host, port=port) from error
        reason = getattr(error, "strerror", None) or error
        raise BadAddress(host=host, port=port, reason=reason) from error


def reachable(host: str) -> str:
    """The address at which this machine can reach a service that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound


def url_of(address: tuple[str, int]) -> str:
    """The URL of an address."""
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
