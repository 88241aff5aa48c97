"""What a person imports or types: the client, the command line and the one-machine stack.

`Client`, `AsyncClient` and the errors are imported when they are asked for: the command line's
help needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scorelane.client.calls.events import Event as Event
    from scorelane.client.client import AsyncClient as AsyncClient
    from scorelane.client.client import AsyncJob as AsyncJob
    from scorelane.client.client import Client as Client
    from scorelane.client.client import Job as Job
    from scorelane.client.retries import Retries as Retries

_WHERE = {
    "AsyncClient": "scorelane.client.client",
    "AsyncJob": "scorelane.client.client",
    "Client": "scorelane.client.client",
    "Event": "scorelane.client.calls.events",
    "Job": "scorelane.client.client",
    "Retries": "scorelane.client.retries",
}

__all__ = sorted(_WHERE)  # noqa: PLE0605  computed from the table


if not TYPE_CHECKING:  # else a checker would take every name for one of the package's

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module 'scorelane' has no attribute '{name}'")
        return getattr(import_module(_WHERE[name]), name)
