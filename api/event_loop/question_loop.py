"""The short questions that the event loop of a process has in work; they need no thread.

A thread that waits for an answer costs more than the answer: it is woken, and competes for Python's
lock with all others. So the event loop calls the app for a question, goes on, and completes the
response when the answer is there. The app is called as by a thread, with two differences: its
environment has a `Later`, by which the view asks without waiting, and whatever would wait raises
`WouldWait`. A request that cannot be handled so is given to a thread, which begins it again. One
whose answer does not come soon is given to a thread that waits for it.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

from gunicorn.http.errors import ParseException

from api.event_loop.looks import Looks
from api.event_loop.loop_request import LoopRequest
from api.event_loop.new_jobs import NewJobs
from api.event_loop.repeated_answer import RepeatedAnswer
from api.event_loop.repeats import RepeatedRequest, Repeats
from api.process.asked import Asked
from api.process.connection import Connection
from api.process.paced_socket import Pace
from api.process.question_head import is_new_job, looked_at
from api.process.sync_scorer import Client, SyncScorer
from api.services import Services
from shared.jobs.question_line import Loop, QuestionLine
from shared.no_waiting import WouldWait
from shared.telemetry.spans import spans

#: How often what is known of the models is read while there are questions, in seconds: more often
#: than their caches end.
REFRESH_SECONDS = 0.5


class QuestionLoop:
    """Handles short questions in the event loop, which alone calls its methods."""

    def __init__(
        self,
        worker: Any,
        loop: Loop,
        line: QuestionLine,
        services: Services,
        limit: int,
        *,
        send: Callable[[Connection, bytes, bool], None],
        refuse: Callable[[Connection, ParseException], None],
        hand_over: Callable[..., None],
    ) -> None:
        """Take the collaborators, and what is done with a request afterwards.

        Args:
            worker: gunicorn's worker; it has the app.
            loop: the event loop.
            line: asks the questions.
            services: make the message of the doorbell, and know the models.
            limit: the most questions that may wait for an answer.
            send: sends a response, and closes the connection or not.
            refuse: answers a request that cannot be parsed.
            hand_over: gives a request to a thread, perhaps with its question that was asked, or
                with the error after which its job may have been recorded.
        """
        self._worker = worker
        self._loop = loop
        self._line = line
        self._services = services
        self._refreshed = 0.0
        self._limit = limit
        self._send = send
        self._refuse = refuse
        self._hand_over = hand_over
        self._background = ThreadPoolExecutor(1, "questions")
        self._repeats = Repeats(worker.wsgi.wsgi_app, worker.cfg)
        self._in_work: dict[str, LoopRequest | RepeatedRequest] = {}
        #: Questions for which threads wait.
        self._in_threads: dict[str, Asked] = {}
        others: dict[str, Any] = {
            "repeats": self._repeats,
            "finish": self._finish,
            "refuse": refuse,
            "hand_over": hand_over,
        }
        self._looks = Looks(worker, line, **others)
        self._new_jobs = NewJobs(worker, line, **others)
        #: Whether a request came for which what is known of the models, and of Redis, is needed.
        self._is_used = False
        line.start(loop, self._answered, self._lost)

    def takes(self, connection: Connection, raw: bytes, pace: Pace) -> bool:
        """Begin to handle a request; False if it needs a thread.

        Args:
            connection: of the client.
            raw: the head of a short question, a new job or a look, its body, and what follows.
            pace: of the client.
        """
        # A span would have to end in another request than it began in.
        if (
            len(self._in_work) + self._looks.count + self._new_jobs.count >= self._limit
            or spans.on
            or not self._line.is_ready()
        ):
            return False
        if job_id := looked_at(raw):
            self._looks.begin(connection, raw, pace, job_id)
            return True
        self._is_used = True
        if is_new_job(raw):
            return self._new_jobs.takes(connection, raw, pace)
        end = raw.index(b"\r\n\r\n") + 4
        request = self._repeated(connection, raw, end) or LoopRequest(connection, raw, self._ask)
        if isinstance(request, LoopRequest):
            connection.hand_over(raw, pace)
            try:
                request.call(self._worker.wsgi, self._worker.cfg)
            except ParseException as error:
                self._refuse(connection, error)
                return True
            except (WouldWait, Exception):  # noqa: BLE001  the thread comes to it too
                connection.begin_again()
                return False
        if asked := request.later.asked:
            self._in_work[asked.question.id] = request
        else:
            self._finish(request)
        return True

    def _repeated(self, connection: Connection, raw: bytes, end: int) -> RepeatedRequest | None:
        """Ask the question of a request whose head is known; None if the app must be called."""
        request = self._repeats.find(connection, raw, end, self._ask)
        if request is None:
            return None
        size = connection.question_bytes
        try:
            request.call(end, size)
        except (WouldWait, Exception):  # noqa: BLE001  the app comes to it too
            return None
        connection.take(raw[size:])
        return request

    def flush(self) -> None:
        """Send the questions of a moment together; call this before the event loop waits."""
        self._line.flush(is_waiting=bool(self._in_work or self._in_threads))
        is_due = time.monotonic() - self._refreshed >= REFRESH_SECONDS
        if is_due and (self._is_used or self._in_work):
            self._refreshed, self._is_used = time.monotonic(), False
            self._background.submit(self._refresh)

    def expire(self) -> None:
        """Give the requests that have waited long to threads; call this every second."""
        now = time.monotonic()
        self._line.check(now)
        for question_id, request in list(self._in_work.items()):
            asked = request.later.asked
            if asked and now - asked.began < request.later.late_seconds:
                # The others were asked later.
                break
            if asked:
                self._in_threads[question_id] = asked
            self._give_up(question_id)

    def forget(self, asked: Asked) -> None:
        """Note that no thread waits for a question any more, and withdraw it if none has.

        The request was answered without it then: no thread was free, for instance.
        """
        self._in_threads.pop(asked.question.id, None)
        if not asked.is_taken and asked.result is None:
            self._services.sync_scorer.withdrawals.add(asked.full_name, asked.question)

    def _ask(
        self, scorer: SyncScorer, full_name: str, rows: bytes, count: int, client: Client
    ) -> Asked:
        question = scorer.new_question(full_name, rows, count, client, self._line.address)
        bell = partial(self._services.dispatch.doorbell, full_name, question.id)
        asked = Asked(full_name, question, time.monotonic())

        def on_outcome(outcome: bool | Exception) -> None:
            if isinstance(outcome, Exception):
                self._fail(asked, outcome)
            elif not outcome:
                self._give_up(question.id, is_asked=False)

        self._line.ask(full_name, question, bell, on_outcome)
        return asked

    def _refresh(self) -> None:
        """Read in a thread what is known of the models and of Redis, before it is waited for."""
        # If it cannot be read, the thread of a request finds out, and answers with the error.
        with suppress(Exception):
            self._services.fleet.refresh()
            self._services.aliases.refresh()
            self._line.refresh()

    def _answered(self, question_id: str, result: bytes) -> None:
        if request := self._in_work.pop(question_id, None):
            if request.later.asked:
                request.later.asked.end(result)
            try:
                request.later.end(result)
            except Exception:  # noqa: BLE001  the thread comes to it too
                self._give_up_request(request)
            else:
                self._finish(request)
        elif asked := self._in_threads.pop(question_id, None):
            asked.end(result)

    def _lost(self, error: Exception) -> None:
        """Answers are no longer received: nobody knows what becomes of the questions."""
        for asked in list(self._in_threads.values()):
            asked.end(None, error)
        for request in list(self._in_work.values()):
            if request.later.asked:
                self._fail(request.later.asked, error)

    def _fail(self, asked: Asked, error: Exception) -> None:
        asked.end(None, error)
        self._give_up(asked.question.id)

    def _give_up(self, question_id: str, *, is_asked: bool = True) -> None:
        if request := self._in_work.pop(question_id, None):
            self._give_up_request(request, is_asked=is_asked)

    def _give_up_request(
        self, request: LoopRequest | RepeatedRequest | RepeatedAnswer, *, is_asked: bool = True
    ) -> None:
        """Let a thread handle a request: it answers with the error, or waits for the answer."""
        asked = request.later.asked if is_asked else None
        if asked and asked.result is None and not asked.error:
            asked.ended = Event()
        request.connection.begin_again()
        self._hand_over(request.connection, request.raw, asked)

    def _finish(self, request: LoopRequest | RepeatedRequest | RepeatedAnswer) -> None:
        worker = self._worker
        worker.nr += 1
        if worker.nr >= worker.max_requests and worker.alive:
            worker.log.info("Autorestarting worker after current request.")
            worker.alive = False
        closes = not (worker.alive and worker.cfg.keepalive) or (
            len(worker.keepalived_conns) >= worker.max_keepalived
        )
        try:
            content, is_last = request.response(worker.log, closes=closes)
        except Exception:  # noqa: BLE001  the thread comes to it too
            self._give_up_request(request)
        else:
            if isinstance(request, LoopRequest):
                self._repeats.remember(request, request.raw.index(b"\r\n\r\n") + 4)
            self._send(request.connection, content, is_last)
