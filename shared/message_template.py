"""A message for Celery that is made once, and sent many times by a script of Redis."""

from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.transport import virtual
from kombu.utils.json import dumps
from typing_extensions import override

#: What a template has in place of the tag, and the header that it has in place of the sender's.
_TAG, _HEADERS = "<tag>", {"<headers>": ""}


class _Channel(virtual.Channel):
    """Keeps the message that is sent, as our broker would put it into Redis."""

    @override
    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        self.connection.sent = message

    @override
    def _lookup(self, exchange: str, routing_key: str, default: Any = None) -> list[str]:
        return [routing_key]


class _Transport(virtual.Transport):
    Channel = _Channel


class MessageTemplate:
    """The messages of one task with the same arguments; each has its own tag and headers."""

    def __init__(self, app: Celery, send: Callable[..., object]) -> None:
        """Make the template; nothing is sent.

        Args:
            app: the Celery app.
            send: sends a message with the options of `Celery.send_task` that it gets.
        """
        with Connection(transport=_Transport) as connection, connection.channel() as channel:
            producer = app.amqp.Producer(channel, auto_declare=False)
            send(producer=producer, task_id=_TAG, headers=_HEADERS)
            message = channel.connection.sent
        message["properties"]["delivery_tag"] = _TAG
        self._text: str = dumps(message)

    def message(self, tag: str, headers: dict[str, object]) -> str:
        """A message, as it waits in Redis.

        Args:
            tag: of letters and digits; no other message that waits or is in work has it.
            headers: for the worker, at least one; see `CeleryDispatch`.
        """
        own = dumps(headers)[1:-1]
        return self._text.replace(_TAG, tag).replace(dumps(_HEADERS)[1:-1], own)
