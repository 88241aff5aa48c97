"""`GET /jobs/<id>` in the event loop: clients poll, and a thread costs more than the answer."""

import time
from contextlib import AbstractContextManager
from functools import partial

from gunicorn.http.errors import ParseException

from api.event_loop.handler import Handler
from api.event_loop.later import LookAgain
from api.event_loop.loop_request import LoopRequest
from api.event_loop.repeated_answer import RepeatedAnswer
from api.event_loop.repeats import look_head
from api.process.connection import Connection
from api.process.paced_socket import Pace
from shared.no_waiting import WouldWait


class Looks(Handler):
    """Reads the record of a job first, and then calls the app, which need not wait for it.

    If the app has decided the same head before, only the answer with the job is made. A thread
    handles the request if there is no such record, if it cannot be read, or if the app
    would wait for anything else.
    """

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
        request = RepeatedAnswer(connection, raw, known, self._repeats.log, began)
        try:
            answer = partial(known.again.answer, job_id)
            request.call(self._worker.wsgi, answer, job=job_id)
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
