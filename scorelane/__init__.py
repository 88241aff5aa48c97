"""Scorelane for its users: the Python client, the command line and the one-machine stack.

`Client`, `AsyncClient` and the other names in `__all__` are imported on first access. So
`scorelane --help` does not wait for httpx.
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

#: Public name -> the module that defines it.
_MODULES = {
    "AsyncClient": "scorelane.client.client",
    "AsyncJob": "scorelane.client.client",
    "Client": "scorelane.client.client",
    "Event": "scorelane.client.calls.events",
    "Job": "scorelane.client.client",
    "Retries": "scorelane.client.retries",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605  computed from the table


# Hidden from type checkers: with a module `__getattr__` they would accept every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module 'scorelane' has no attribute '{name}'")
        return getattr(import_module(_MODULES[name]), name)
