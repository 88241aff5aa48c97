"""Celery's broker on Redis: kombu's transport, made to live with a Redis that refuses writes.

Here four things are different:

- Messages are small, and exist for recorded jobs only. So they are stored also while the memory of
  Redis is full. kombu uses `MULTI`, which Redis then refuses even for an acknowledgement.
- Redis keeps nothing of a message that a worker has taken. kombu keeps it until it is acknowledged,
  and delivers it again if that takes too long: two more calls for each message. Here the leases in
  the job records do that, and sooner: the reconciler sends again what is late, whatever became of
  its message.
- If Redis refuses to write because its disk is full, the worker asks again each second.
- A message that cannot be read is put aside. kombu's own transport would end the worker.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

import redis
from kombu.transport import redis as kombu_redis
from kombu.transport import virtual
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError
from typing_extensions import override

from shared.redis.link import hash_of, source_of
from shared.redis.refusals import MEMORY_FULL, refusal

logger = kombu_redis.logger

#: The pause after Redis has refused to write, in seconds.
PAUSE_SECONDS = 1.0

#: How many malformed messages are kept, and how many bytes of each.
MAX_ASIDE, MAX_ASIDE_BYTES = 100, 10_000


class QoS(virtual.QoS):
    """The messages that this worker has taken and not acknowledged; Redis does not know them."""

    @override
    def restore_unacked(self) -> list[Any]:
        # Called when the connection ends. kombu would write what it cannot put back into a file.
        if lost := super().restore_unacked():
            logger.warning("%d messages were not put back: their leases run out", len(lost))
        return []


class Channel(kombu_redis.Channel):
    """Sends and receives messages."""

    QoS = QoS

    #: The client for calls that do not block.
    _kept: Any = None

    @override
    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        # kombu's own translation of an address ignores the database of a Unix socket, and knows no
        # file with a password.
        address = self.connection.client.transport_options["address"].options()
        self.connection_class = address.pop("connection_class")
        options = super()._connparams(asynchronous)
        if "path" in address:
            for name in ("host", "port", "socket_keepalive", "socket_keepalive_options"):
                options.pop(name, None)
        return {**options, "username": None, "password": None, **address}

    @override
    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        # kombu makes a client for each call: a quarter of the time that it takes to send a message.
        if client is None and (self._kept is None or self._kept.connection_pool is not self.pool):
            self._kept = self._create_client()
        yield client or self._kept

    def run(self, script: str, *args: Any) -> None:
        """Run a script of `lua/`."""
        call = [hash_of(script), 0, self.global_keyprefix, *args]
        with self.conn_or_acquire() as client:
            # Not `client.execute_command`, which puts the prefix before the first argument.
            execute: Any = redis.Redis.execute_command
            try:
                execute(client, "EVALSHA", *call)
            except NoScriptError:
                execute(client, "EVAL", source_of(script), *call[1:])

    def set_aside(self, where: str, content: bytes, tag: str, error: Exception) -> None:
        """Put a malformed message into the list `malformed`, and log that.

        Args:
            where: the key in which it was.
            content: the message.
            tag: its delivery tag; empty: it has none.
            error: what is wrong with it.
        """
        reason = "a message in %s is malformed (%s), and was put aside into %smalformed: %d bytes"
        logger.error(reason, where, type(error).__name__, self.global_keyprefix, len(content))
        self.run("broker_set_aside", content[:MAX_ASIDE_BYTES], MAX_ASIDE)
        self.qos.ack(tag)

    @override
    def _size(self, queue: str) -> int:
        with self.conn_or_acquire() as client:
            key = f"{self.global_keyprefix}{queue}"
            if client.type(key) not in (b"list", b"none"):
                # A worker that waits for it would never receive anything.
                logger.error("%s is no queue, and was renamed to %s.malformed", key, key)
                client.rename(key, f"{key}.malformed")
            return int(client.llen(queue))

    @override
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        # Workers take messages from the right.
        soon = self._get_message_priority(message)
        self._push("RPUSH" if soon else "LPUSH", queue, message)

    def _push(self, command: str, queue: str, message: Any) -> None:
        words = command, f"{self.global_keyprefix}{queue}", dumps(message)
        # Not `client.execute_command`, which puts the prefix before the key once more.
        execute: Any = redis.Redis.execute_command
        with self.conn_or_acquire() as client:
            try:
                execute(client, *words)
            except ResponseError as error:
                if refusal(error) != MEMORY_FULL:
                    raise
                self.run("commands", len(words), *words)

    @override
    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        member = self.sep.join([routing_key or "", pattern or "", queue or ""])
        tables = (self.keyprefix_queue, self.keyprefix_binding_permanent)
        self.run("broker_bind", member, *(table % (exchange,) for table in tables))

    @override
    def _restore(self, message: Any, leftmost: bool = False) -> None:
        where, content = message.delivery_info, message.serializable()
        content["headers"]["redelivered"] = where["redelivered"] = True
        for queue in self._lookup(where["exchange"], where["routing_key"]):
            # Workers take messages from the right.
            self._push("LPUSH" if leftmost else "RPUSH", queue, content)

    @override
    def _brpop_read(self, **options: Any) -> bool:
        try:
            found = self._reply_to_brpop(options)
            if not found:
                raise Empty
            queue, content = bytes_to_str(found[0]), found[1]
            self._queue_cycle.rotate(queue)
            self._deliver(queue, content)
            return True
        finally:
            self._in_poll = None

    def _reply_to_brpop(self, options: dict[str, Any]) -> Any:
        connection = self.client.connection
        try:
            return self.client.parse_response(connection, "BRPOP", **options)
        except ResponseError as error:
            logger.warning("no messages: Redis refuses to give one out (%s)", error)
            if isinstance(error, ReadOnlyError):
                # It is a replica since a failover: another one may have its name.
                connection.disconnect()
                time.sleep(PAUSE_SECONDS)
                raise
            if not refusal(error):
                for name in self.active_queues:
                    self._size(name)
            time.sleep(PAUSE_SECONDS)
            raise Empty from error
        except self.connection_errors:
            # The next turn connects again.
            connection.disconnect()
            raise

    def _deliver(self, queue: str, content: bytes) -> None:
        tag = ""
        try:
            message = loads(bytes_to_str(content))
            tag = message["properties"]["delivery_tag"]
            self.connection._deliver(message, queue)
        except (RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  whatever is wrong with it
            self.set_aside(queue, content, tag if isinstance(tag, str) else "", error)


class Transport(kombu_redis.Transport):
    """kombu's Redis transport with this `Channel`."""

    Channel = Channel

    # A refused command is no reason to end a worker: it connects again, and goes on.
    connection_errors = (*kombu_redis.Transport.connection_errors, ResponseError)
