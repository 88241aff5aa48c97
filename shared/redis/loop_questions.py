"""Questions of an event loop: asked by one connection to Redis, answered by another."""

import json
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import hiredis
from redis.exceptions import NoScriptError
from typing_extensions import override

from shared.jobs.new_job import NewJob
from shared.jobs.question_line import Loop, QuestionLine
from shared.jobs.small_store import Question
from shared.redis.link import PATIENCE_SECONDS, RedisLink, hash_of, source_of
from shared.redis.loop_connection import LoopConnection
from shared.redis.read_ahead import known, record_of_reply

#: The most questions that one run of the script `ask` takes: Redis does nothing else meanwhile.
MOST_AT_ONCE = 200

#: What one question of the event loop is to the script `ask`, and what is done with the outcome.
_Asking = tuple[tuple[Any, ...], Callable[[bool | Exception], None]]


class _Next:
    """What the next `flush` asks a model.

    Attributes:
        bell: the message that rings the doorbell for the first question, and the id of that one.
        questions: all questions.
    """

    def __init__(self, *bell: str) -> None:
        self.bell = bell
        self.questions: list[_Asking] = []


class RedisQuestionLine(QuestionLine):
    """`QuestionLine` on Redis.

    The questions of a moment to a model go in one run of the script `ask`.
    """

    def __init__(
        self,
        link: RedisLink,
        to_ask_of: Callable[[str], tuple[Any, ...]],
        to_ask: Callable[[str, Question], tuple[Any, ...]],
        to_create: Callable[[NewJob], tuple[Any, ...]],
    ) -> None:
        """Take the connection, and what makes arguments of the scripts `ask` and `create_small`.

        Args:
            link: the connection.
            to_ask_of: makes the first arguments of `ask`, those of a model.
            to_ask: makes the further arguments, those of a question.
            to_create: makes the arguments of `create_small`.
        """
        self._link = link
        self._to_ask_of = to_ask_of
        self._to_ask = to_ask
        self._to_create = to_create
        #: What the next `flush` asks, by the full name of the model.
        self._next: dict[str, _Next] = {}
        self._timeout = link.timeout
        self.address = secrets.token_hex(8)
        words: Any = "BLPOP", link.key("answers", self.address), str(PATIENCE_SECONDS)
        self._listen = hiredis.pack_command(words)
        self._listens = False

    @override
    def start(
        self,
        loop: Loop,
        on_answer: Callable[[str, bytes], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        self._asking = LoopConnection(loop, self._link.dedicated)
        self._listening = LoopConnection(loop, self._link.dedicated)
        self._on_answer, self._on_lost = on_answer, on_lost

    @override
    def is_ready(self) -> bool:
        is_asking = self._asking.is_open
        return self._listening.is_open and is_asking

    @override
    def ask(
        self,
        full_name: str,
        question: Question,
        bell: Callable[[], str],
        on_outcome: Callable[[bool | Exception], None],
    ) -> None:
        if full_name not in self._next:
            self._next[full_name] = _Next(bell(), question.id)
        asking = self._to_ask(full_name, question), on_outcome
        self._next[full_name].questions.append(asking)

    @override
    def can_create(self) -> bool:
        return not self._link.may_have_replicas()

    @override
    def refresh(self) -> None:
        self._link.refresh_replicas()

    @override
    def create(self, new: NewJob, on_outcome: Callable[[bool | Exception], None]) -> None:
        def on_reply(reply: Any) -> None:
            on_outcome(reply if isinstance(reply, Exception) else reply > 0)

        self._run("create_small", self._to_create(new), on_reply)

    def _ask_all(self) -> None:
        """Ask what waits for that."""
        waiting, self._next = self._next, {}
        for full_name, asked in waiting.items():
            head = (*self._to_ask_of(full_name), *asked.bell)
            for first in range(0, len(asked.questions), MOST_AT_ONCE):
                self._ask_some(head, asked.questions[first : first + MOST_AT_ONCE])

    def _ask_some(self, head: tuple[Any, ...], questions: list[_Asking]) -> None:
        def on_reply(reply: Any) -> None:
            is_error = isinstance(reply, Exception)
            for place, (_, on_outcome) in enumerate(questions):
                on_outcome(reply if is_error else reply[place] > 0)

        words = (word for arguments, _ in questions for word in arguments)
        self._run("ask", (*head, *words), on_reply)

    def _run(self, script: str, own: tuple[Any, ...], on_outcome: Callable[[Any], None]) -> None:
        """Run a script, whose source Redis may have lost; tells its answer, or an error."""
        args: Any = (0, self._link.prefix, *own)

        def on_reply(reply: Any) -> None:
            if isinstance(reply, NoScriptError):
                whole = hiredis.pack_command(("EVAL", source_of(script), *args))
                self._asking.send(whole, on_reply, self._timeout)
                self._asking.flush()
            else:
                on_outcome(reply)

        command = hiredis.pack_command(("EVALSHA", hash_of(script), *args))
        self._asking.send(command, on_reply, self._timeout)

    @override
    def look(
        self, job_id: str, on_record: Callable[[AbstractContextManager[None] | None], None]
    ) -> None:
        key = self._link.key("job", job_id)

        def on_reply(reply: Any) -> None:
            is_error = isinstance(reply, Exception)
            record = {} if is_error else record_of_reply(reply)
            # Nothing but blobs tells what became of a job without a record.
            on_record(known(key, record) if "spec" in record else None)

        words: Any = "HGETALL", key
        self._asking.send(hiredis.pack_command(words), on_reply, self._timeout)

    @override
    def flush(self, *, is_waiting: bool) -> None:
        self._ask_all()
        self._asking.flush()
        if is_waiting and not self._listens:
            self._listens = True
            self._listening.send(self._listen, self._heard, PATIENCE_SECONDS + self._timeout)
            self._listening.flush()

    @override
    def check(self, now: float) -> None:
        self._asking.check(now)
        self._listening.check(now)

    @override
    def close(self) -> None:
        self._asking.close()
        self._listening.close()

    def _heard(self, reply: Any) -> None:
        self._listens = False
        if isinstance(reply, Exception):
            self._on_lost(reply)
            return
        text = reply[1].decode(errors="backslashreplace") if reply else "[]"
        for question_id, result in json.loads(text):
            self._on_answer(question_id, result.encode())
