"""The gunicorn worker that gives a thread only to a request whose head is whole."""

import errno
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER
from typing_extensions import override

from api.process.connection import Connection, probed
from api.process.direct_body import direct
from api.process.lane import Lane
from api.process.measures import REFUSED, SLOW_CLIENTS, counters
from api.process.paced_socket import Pace
from api.process.problem_worker import ProblemWorker
from api.process.raw_problems import busy, too_slow, unparsed
from shared.config.settings import load_settings

#: Threads for each address of health, which other requests cannot take, and the seconds for which
#: they wait for a client: the answers are so short that no client needs them.
PROBE_THREADS, PROBE_PAUSE = 2, 3.0

#: The most requests that may be in work or wait for a thread, as a share of the connections.
WAITING_SHARE = 0.5

#: `Retry-After` of a request for which there is no thread, in seconds.
RETRY_AFTER = 5

#: How long, and for how many bytes, what a client still sends is discarded after the answer. A
#: connection that is closed with unread data is reset, and its client may never see the answer.
LINGER_SECONDS, LINGER_BYTES = 30.0, 64 * 1024 * 1024

#: The same after an answer of the event loop, whose clients have sent little.
SHORT_LINGER_SECONDS = 3.0

#: The same in a thread: so that most connections can be used again after an error.
DRAIN_SECONDS, DRAIN_BYTES = 0.2, 1024 * 1024

#: How often the event loop looks for clients that are too slow, in seconds.
_EXPIRE_SECONDS = 0.5

#: How often gunicorn's main process is told that this process lives; it looks once in a second.
NOTIFY_SECONDS = 0.2


class HeadFirstWorker(ProblemWorker):
    """Receives the heads of requests in the event loop, which holds no thread for slow clients.

    gunicorn's own worker gives a connection a thread when its first byte is there. Here every
    connection first passes `enqueue_req`, which collects the head. So the path is known when a
    thread is chosen, and probes of health have threads of their own. After the last answer the
    event loop also waits until the client has read it and closes the connection.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings = load_settings()
        #: Connections for whose heads or ends the event loop waits, the oldest first.
        self._waiting: dict[Connection, None] = {}
        self._expire_at = self._notify_at = 0.0

    @override
    def init_process(self) -> None:
        self._probes = {
            path: self._lane(PROBE_THREADS, PROBE_PAUSE)
            for path in ("/livez", "/readyz", "/metrics")
        }
        super().init_process()

    @override
    def get_thread_pool(self) -> Executor:
        self._main = self._lane(self.cfg.threads, self._settings.client_pause_seconds)
        return self._main.executor

    def _lane(self, threads: int, pause: float) -> Lane:
        def requests() -> int:
            return self._main.taken

        pace = Pace(pause, self._settings.client_bytes_per_second, self.cfg.threads, requests)
        limit = int(self.worker_connections * WAITING_SHARE)
        return Lane(ThreadPoolExecutor(threads), threads, limit, pace)

    @override
    def accept(self, listener: Any) -> None:
        if self.nr_conns >= self.worker_connections - 1:
            self._drop_oldest()
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._drop_oldest()
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        try:
            connection = Connection(self.cfg, sock, client, listener.getsockname(), self._main.pace)
        except OSError as error:  # TLS: the client has left already, or the certificate is bad
            self.log.warning("a connection cannot be used: %s", error)
            sock.close()
            return
        self.nr_conns += 1
        self.enqueue_req(connection)

    @override
    def enqueue_req(self, conn: Connection) -> None:
        """Wait for the head of the next request of a connection, then give it to a thread."""
        conn.expect_head(self._settings.head_seconds)
        self._on_head(conn)

    def _on_head(self, connection: Connection, _: Any = None) -> None:
        try:
            head = connection.receive_head()
        except ParseException as error:
            self._refuse(connection, error)
        except (EOFError, OSError):
            self._drop(connection)
        else:
            if head is not None:
                self._hand_over(connection, head)
            elif connection not in self._waiting:
                self._wait(connection, self._on_head)

    def _hand_over(self, connection: Connection, head: bytes) -> None:
        """Give a request to a thread; `head` is what was received of it."""
        lane = self._probes.get(probed(head), self._main)
        if lane.is_full:
            self._turn_away(connection)
            return
        self._stop_waiting(connection)
        connection.hand_over(head, lane.pace)
        lane.submit(self.handle, connection).add_done_callback(
            partial(self.method_queue.defer, self._finish, lane, connection)
        )

    def _turn_away(self, connection: Connection) -> None:
        """Answer a request for which there is no thread."""
        counters.add(REFUSED)
        self._answer(connection, busy(RETRY_AFTER))

    def _finish(self, lane: Lane, connection: Connection, done: Future[Any]) -> None:
        lane.free()
        if done.cancelled() or done.exception() or not done.result():
            self._linger(connection, LINGER_SECONDS)
        else:
            self.finish_request(connection, done)

    @override
    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Handle a request in a thread; True if the connection can be used again.

        An answer before the end of the body says that the connection is closed: its client would
        otherwise send the next request into it.

        In HTTP/1.0, in which nginx asks by default, only the end of the connection ends a response
        of no announced length. One that breaks off, also because this process is killed, must not
        look whole: its connection is reset.
        """
        req.body = direct(req.body)
        should_close = req.should_close
        req.should_close = lambda: should_close() or _is_body_left(req)
        if req.version >= (1, 1):
            return bool(super().handle_request(req, conn))
        conn.sock.reset_on_close(True)
        is_kept = bool(super().handle_request(req, conn))
        conn.sock.reset_on_close(False)
        return is_kept

    @override
    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        # What is left is discarded by the event loop, which holds no thread for it.
        until = time.monotonic() + DRAIN_SECONDS
        return keepalive and bool(conn.parser.finish_body(until, DRAIN_BYTES))

    def _refuse(self, connection: Connection, error: ParseException) -> None:
        self.log.warning("a request cannot be parsed: %s", type(error).__name__)
        self._answer(connection, unparsed(error))

    def _answer(self, connection: Connection, answer: bytes) -> None:
        connection.sock.send_now(answer)
        self._linger(connection, SHORT_LINGER_SECONDS)

    def _linger(self, connection: Connection, seconds: float) -> None:
        """Close a connection when its client has read the answer, but within some seconds.

        A process that is about to stop waits no longer than gunicorn does for a next request.
        """
        self._stop_waiting(connection)
        if not connection.say_no_more():
            self._drop(connection)
            return
        if not self.alive:
            seconds = min(seconds, STOP_KEEPALIVE_LINGER)
        connection.expect_end(seconds, LINGER_BYTES)
        self._wait(connection, self._on_rest)

    def _on_rest(self, connection: Connection, _: Any = None) -> None:
        try:
            has_ended = connection.discard()
        except OSError:
            has_ended = True
        if has_ended:
            self._drop(connection)

    def _wait(self, connection: Connection, proceed: Callable[[Connection, Any], None]) -> None:
        self._waiting[connection] = None
        self.poller.register(connection.sock, EVENT_READ, partial(proceed, connection))

    def _stop_waiting(self, connection: Connection) -> None:
        if connection in self._waiting:
            del self._waiting[connection]
            self.poller.unregister(connection.sock)

    def _drop(self, connection: Connection) -> None:
        self._stop_waiting(connection)
        self.nr_conns -= 1
        connection.drop()

    def _drop_oldest(self) -> None:
        """Make room for a connection: of those that hold no thread, the oldest is closed."""
        if self._waiting:
            self._drop(next(iter(self._waiting)))
        elif self.keepalived_conns:
            oldest = self.keepalived_conns.popleft()
            self.poller.unregister(oldest.sock)
            self._drop(oldest)

    @override
    def notify(self) -> None:
        """Tell gunicorn that this process lives: after each wait would cost more than the wait."""
        now = time.monotonic()
        if now >= self._notify_at:
            self._notify_at = now + NOTIFY_SECONDS
            super().notify()

    @override
    def murder_pending(self) -> None:
        """End the connections whose clients are too slow; gunicorn calls this every second."""
        now = time.monotonic()
        if now < self._expire_at:
            return
        self._expire_at = now + _EXPIRE_SECONDS
        for connection in [one for one in self._waiting if one.deadline <= now]:
            if head := connection.take_head():
                # The body of a question is late. A thread has a pace for bodies.
                self._hand_over(connection, head)
            elif connection.has_begun:
                counters.add(SLOW_CLIENTS, "head")
                self._answer(connection, too_slow())
            else:
                self._drop(connection)

    @override
    def _cap_keepalive(self, deadline: float) -> None:
        """Wait for no client any longer than to a deadline: the process is about to stop."""
        super()._cap_keepalive(deadline)
        for connection in self._waiting:
            connection.deadline = min(connection.deadline, deadline)

    @override
    def run(self) -> None:
        try:
            super().run()
        finally:
            for lane in self._probes.values():
                lane.executor.shutdown(wait=False)


def _is_body_left(request: Any) -> bool:
    """Whether the body of a request has not been read to its end."""
    reader = request.body.reader
    # Of a body without an announced length, only its last chunk is the end.
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))
