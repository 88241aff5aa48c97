"""`GET /jobs/<id>` in the event loop: clients poll, and a thread costs more than the answer."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from gunicorn.http.errors import ParseException

from api.event_loop.later import Later, LookAgain
from api.event_loop.loop_request import LoopRequest
from api.event_loop.repeats import Remembered, Repeats, look_head
from api.process.asked import Asked
from api.process.connection import Connection
from api.process.paced_socket import Pace
from api.request_log import RequestLog, note
from shared.jobs.question_line import QuestionLine
from shared.no_waiting import WouldWait, no_waiting
from shared.telemetry import context

#: The headers of an answer that follow from its job.
_OF_A_JOB = ("ETag", "Retry-After")


class RepeatedLook:
    """A look whose head was decided before, but for the job; to the event loop a `LoopRequest`."""

    def __init__(
        self,
        connection: Connection,
        raw: bytes,
        known: Remembered,
        log: RequestLog,
        began: float,
    ) -> None:
        self.connection = connection
        self.raw = raw
        self.later = Later(_ask_nothing)
        self._known = known
        self._log = log
        self._id = context.request_id(None)
        self._began = began

    def call(self, app: Any, again: LookAgain, job_id: str) -> None:
        """Make the answer.

        Args:
            app: the Flask app.
            again: what was decided.
            job_id: the job.

        Raises:
            Exception: a thread must handle it.
            shared.no_waiting.WouldWait: the same.
        """
        self._job_id = job_id
        with no_waiting(), app.app_context(), context.about(request_id=self._id):
            answer = again.answer(job_id)
            self._body = answer.get_data()
        headers = answer.headers
        self._own = "".join(f"{name}: {headers[name]}\r\n" for name in _OF_A_JOB if name in headers)

    def response(self, _: Any, *, closes: bool) -> tuple[bytes, bool]:
        """The whole response, and whether the connection is closed after it; call this once."""
        known, body = self._known, self._body
        head = known.head(self._id, len(body), closes=closes, own=self._own)
        fields = {"request_id": self._id, **known.fields, "job": self._job_id}
        outcome = "GET", fields.pop("route"), known.status[:3]
        note(self._log.log, outcome, fields, time.perf_counter() - self._began, len(body))
        return head + body, closes


def _ask_nothing(*_: Any) -> Asked:
    raise WouldWait


class Looks:
    """Reads the record of a job first, and then calls the app, which need not wait for it.

    If the app has decided the same head before, only the answer with the job is made. A thread
    handles the request if there is no such record, if it cannot be read, or if the app
    would wait for anything else.
    """

    def __init__(
        self,
        worker: Any,
        line: QuestionLine,
        *,
        repeats: Repeats,
        finish: Callable[[LoopRequest | RepeatedLook], None],
        refuse: Callable[[Connection, ParseException], None],
        hand_over: Callable[[Connection, bytes, Asked | None], None],
    ) -> None:
        """Take gunicorn's worker, what reads records, and what `QuestionLoop` has."""
        self._worker = worker
        self._line = line
        self._repeats = repeats
        self._finish = finish
        self._refuse = refuse
        self._hand_over = hand_over
        #: How many records are being read.
        self.count = 0

    def begin(self, connection: Connection, raw: bytes, pace: Pace, job_id: str) -> None:
        """Begin to handle a request.

        Args:
            connection: of the client.
            raw: the head, and what follows it.
            pace: of the client.
            job_id: the job.
        """
        began = time.perf_counter()
        self.count += 1

        def on_record(known: AbstractContextManager[None] | None) -> None:
            self.count -= 1
            if known is None:
                self._hand_over(connection, raw, None)
                return
            with known:
                done = self._repeated(connection, raw, job_id, began)
                if not done:
                    self._call(LoopRequest(connection, raw, began=began), pace)

        self._line.look(job_id, on_record)

    def _repeated(self, connection: Connection, raw: bytes, job_id: str, began: float) -> bool:
        """Answer a look whose head is known; False if the app must be called."""
        end = connection.question_bytes
        known = self._repeats.known(connection, look_head(raw[:end]))
        if known is None or not isinstance(known.again, LookAgain):
            return False
        request = RepeatedLook(connection, raw, known, self._repeats.log, began)
        try:
            request.call(self._worker.wsgi, known.again, job_id)
        except (WouldWait, Exception):  # noqa: BLE001  the app comes to it too
            return False
        connection.take(raw[end:])
        self._finish(request)
        return True

    def _call(self, request: LoopRequest, pace: Pace) -> None:
        connection = request.connection
        connection.hand_over(request.raw, pace)
        try:
            request.call(self._worker.wsgi, self._worker.cfg)
        except ParseException as error:
            self._refuse(connection, error)
        except (WouldWait, Exception):  # noqa: BLE001  the thread comes to it too
            connection.begin_again()
            self._hand_over(connection, request.raw, None)
        else:
            self._finish(request)
