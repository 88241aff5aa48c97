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


class RedisQuestionLine(QuestionLine):
    """`QuestionLine` on Redis."""

    def __init__(
        self,
        link: RedisLink,
        to_ask: Callable[[str, Question, str], tuple[Any, ...]],
        to_create: Callable[[NewJob], tuple[Any, ...]],
    ) -> None:
        """Take the connection, and what makes the arguments of `ask` and `create_small`."""
        self._link = link
        self._to_ask, self._to_create = to_ask, to_create
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
        bell: str,
        on_outcome: Callable[[bool | Exception], None],
    ) -> None:
        self._run("ask", self._to_ask(full_name, question, bell), on_outcome)

    @override
    def can_create(self) -> bool:
        return not self._link.may_have_replicas()

    @override
    def refresh(self) -> None:
        self._link.refresh_replicas()

    @override
    def create(self, new: NewJob, on_outcome: Callable[[bool | Exception], None]) -> None:
        self._run("create_small", self._to_create(new), on_outcome)

    def _run(
        self, script: str, own: tuple[Any, ...], on_outcome: Callable[[bool | Exception], None]
    ) -> None:
        """Run a script that answers a number above 0, or that it has refused."""
        args: Any = (0, self._link.prefix, *own)

        def on_reply(reply: Any) -> None:
            if isinstance(reply, NoScriptError):
                whole = hiredis.pack_command(("EVAL", source_of(script), *args))
                self._asking.send(whole, on_reply, self._timeout)
                self._asking.flush()
            elif isinstance(reply, Exception):
                on_outcome(reply)
            else:
                on_outcome(reply > 0)

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
