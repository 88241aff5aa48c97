"""`POST /jobs` with a few rows in the event loop: a thread costs more than the checks."""

import time
from functools import partial

from gunicorn.http.errors import ParseException

from api.event_loop.handler import Handler
from api.event_loop.later import MakeAgain
from api.event_loop.loop_request import LoopRequest
from api.event_loop.repeated_answer import RepeatedAnswer
from api.event_loop.repeats import job_head
from api.process.connection import Connection
from api.process.deferred import Deferred, deferring
from api.process.measures import note_upload
from api.process.paced_socket import Pace
from shared.no_waiting import WouldWait


class NewJobs(Handler):
    """Calls the app, which checks a new job, then records the job, and then sends the answer.

    If the app has decided the same head before, only the answer to the body is made. A thread
    handles the request if the app would wait, or if the job is not recorded. Nothing is recorded
    before the app has made its answer, so no request makes two jobs.
    """

    def takes(self, connection: Connection, raw: bytes, pace: Pace) -> bool:
        """Begin to handle a request; False if it needs a thread.

        Args:
            connection: of the client.
            raw: the head, the body, and what follows.
            pace: of the client.
        """
        if not self._line.can_create():
            return False
        began = time.perf_counter()
        with deferring() as deferred:
            again = self._repeated(connection, raw, began)
        request: LoopRequest | RepeatedAnswer
        if again:
            request = again
        else:
            request = LoopRequest(connection, raw, began=began)
            connection.hand_over(raw, pace)
            try:
                with deferring() as deferred:
                    request.call(self._worker.wsgi, self._worker.cfg)
            except ParseException as error:
                self._refuse(connection, error)
                return True
            except (WouldWait, Exception):  # noqa: BLE001  the thread comes to it too
                connection.begin_again()
                return False
        if deferred.new is None:
            self._finish(request)
        else:
            self._record(request, deferred, began)
        return True

    def _repeated(self, connection: Connection, raw: bytes, began: float) -> RepeatedAnswer | None:
        """Make the answer to a request whose head is known; None if the app must be called."""
        end, size = raw.index(b"\r\n\r\n") + 4, connection.question_bytes
        known = self._repeats.known(connection, job_head(raw[:end]))
        if known is None or not isinstance(known.again, MakeAgain):
            return None
        request = RepeatedAnswer(connection, raw, known, self._repeats.log, began)
        try:
            request.call(self._worker.wsgi, partial(known.again.answer, raw[end:size]))
        except (WouldWait, Exception):  # noqa: BLE001  the app comes to it too
            return None
        connection.take(raw[size:])
        return request

    def _record(
        self, request: LoopRequest | RepeatedAnswer, deferred: Deferred, began: float
    ) -> None:
        new = deferred.new
        assert new is not None  # noqa: S101
        self.count += 1

        def on_outcome(outcome: bool | Exception) -> None:
            self.count -= 1
            if outcome is True:
                note_upload(new.job, time.perf_counter() - began)
                self._finish(request)
                return
            # A thread finds out why it is refused, or says what is not known.
            request.connection.begin_again()
            failure = outcome if isinstance(outcome, Exception) else None
            self._hand_over(request.connection, request.raw, None, failure)

        self._line.create(new, on_outcome)
