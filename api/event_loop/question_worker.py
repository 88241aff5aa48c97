"""The gunicorn worker whose event loop also answers short questions, see `QuestionLoop`."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from typing import Any

from typing_extensions import override

from api.event_loop.question_loop import QuestionLoop
from api.process.asked import Asked, in_thread
from api.process.connection import Connection
from api.process.deferred import in_thread_after
from api.process.head_first_worker import SHORT_LINGER_SECONDS, WAITING_SHARE, HeadFirstWorker
from api.process.lane import Lane
from api.services import NAME, Services
from shared.jobs.question_line import Loop


class QuestionWorker(HeadFirstWorker):
    """Lets a `QuestionLoop` handle short questions, and threads all other requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: None: only threads can ask.
        self._questions: QuestionLoop | None = None
        #: Connections on which the event loop has sent a response; they can be used again.
        self._sent: list[Connection] = []

    @override
    def load_wsgi(self) -> None:
        super().load_wsgi()
        services: Services = self.wsgi.extensions[NAME]
        if line := services.store.question_line():
            self._questions = QuestionLoop(
                self,
                _PollerLoop(self.poller, self.method_queue),
                line,
                services,
                int(self.worker_connections * WAITING_SHARE),
                send=self._send,
                refuse=self._refuse,
                hand_over=self._to_thread,
            )

    @override
    def _hand_over(self, connection: Connection, head: bytes) -> None:
        if self._questions and 0 < connection.question_bytes <= len(head):
            self._stop_waiting(connection)
            if self._questions.takes(connection, head, self._main.pace):
                return
        super()._hand_over(connection, head)

    def _to_thread(
        self,
        connection: Connection,
        head: bytes,
        asked: Asked | None,
        failure: Exception | None = None,
    ) -> None:
        connection.asked, connection.failure = asked, failure
        super()._hand_over(connection, head)

    @override
    def handle_request(self, req: Any, conn: Connection) -> bool:
        with ExitStack() as stack:
            if conn.asked:
                stack.enter_context(in_thread(conn.asked))
            if conn.failure:
                failure, conn.failure = conn.failure, None
                stack.enter_context(in_thread_after(failure))
            return bool(super().handle_request(req, conn))

    @override
    def _finish(self, lane: Lane, connection: Connection, done: Future[Any]) -> None:
        self._forget(connection)
        super()._finish(lane, connection, done)

    @override
    def _turn_away(self, connection: Connection) -> None:
        self._forget(connection)
        super()._turn_away(connection)

    def _forget(self, connection: Connection) -> None:
        """Forget the question that was asked for a request which has its answer now."""
        asked, connection.asked = connection.asked, None
        if asked and self._questions:
            self._questions.forget(asked)

    def _send(self, connection: Connection, response: bytes, closes: bool) -> None:
        """Send a response of the event loop; a thread sends what the client does not take yet."""
        try:
            left = connection.sock.send_some(response)
        except OSError:
            self._drop(connection)
            return
        if left:
            connection.sock.begin(self._main.pace)
            send_rest = partial(_send_rest, left, not closes)
            self._main.submit(send_rest, connection).add_done_callback(
                partial(self.method_queue.defer, self._finish, self._main, connection)
            )
        elif closes:
            self._linger(connection, SHORT_LINGER_SECONDS)
        else:
            # Not now: each of a hundred requests in one packet would be handled within the last.
            self._sent.append(connection)

    @override
    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        if self._questions:
            self._questions.flush()
        super().wait_for_and_dispatch_events(0.0 if self._sent else timeout)
        sent, self._sent = self._sent, []
        for connection in sent:
            self.finish_request(connection, _SENT)

    @override
    def murder_pending(self) -> None:
        if self._questions:
            self._questions.expire()
        super().murder_pending()


class _PollerLoop(Loop):
    """gunicorn's event loop, for the connections to Redis."""

    def __init__(self, poller: Any, queue: Any) -> None:
        self._poller = poller
        self._queue = queue

    @override
    def watch(self, sock: Any, events: int, on_event: Callable[[], None]) -> None:
        if sock in self._poller.get_map():
            self._poller.unregister(sock)
        if events:
            self._poller.register(sock, events, lambda _: on_event())

    @override
    def defer(self, call: Callable[[], None]) -> None:
        self._queue.defer(call)


def _send_rest(content: bytes, is_kept: bool, connection: Connection) -> bool:
    """Send what is left of a response; returns whether the connection can be used again."""
    connection.sock.sendall(content)
    return is_kept


def _sent() -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(True)
    return done


#: The end of a request whose connection can be used again.
_SENT = _sent()
