"""Responses of the event loop: a view begins them, and their body comes with an answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from flask import Request, Response, g

from api.process.asked import Asked
from api.process.sync_scorer import Client, SyncScorer
from api.security.access import current_key_check_of_all

Value = TypeVar("Value")

#: The key of the WSGI environment under which the event loop passes its `Later`.
LATER = "scorelane.later"


@dataclass(frozen=True)
class Posed(Generic[Value]):
    """A question that is ready to be asked.

    Attributes:
        question: the arguments of `SyncScorer.ask`.
        read: makes what is wanted of the answer.
    """

    question: tuple[str, bytes, int, Client]
    read: Callable[[bytes], Value]


@dataclass(frozen=True)
class Again:
    """What a view has decided by the head of a request, and will decide for the same head again.

    Attributes:
        scorer: makes the question.
        full_name: the model that is asked.
        pose: makes the question of a body. An exception means that the view must decide again.
        is_allowed: tells whether the key of the request is still what it was.
    """

    scorer: SyncScorer
    full_name: str
    pose: Callable[[bytes], Posed[bytes]]
    is_allowed: Callable[[], bool]


class PlainAnswer(NamedTuple):
    """The answer to a request whose head was decided before.

    Attributes:
        body: JSON.
        headers: those that only this answer has.
    """

    body: bytes
    headers: dict[str, str]

    def having(self, **headers: str) -> "PlainAnswer":
        """The same answer with further headers."""
        return PlainAnswer(self.body, headers | self.headers)


@dataclass(frozen=True)
class LookAgain:
    """What a view has decided by the head of a look at a job, and will decide for other jobs too.

    Attributes:
        answer: the answer with a job, by its id. An exception means that the view must decide
            again.
        is_allowed: see `Again`.
    """

    answer: Callable[[str], PlainAnswer]
    is_allowed: Callable[[], bool]


@dataclass(frozen=True)
class MakeAgain:
    """What a view has decided by the head of a new job, and will decide for the same head again.

    Attributes:
        answer: the answer to a body, which leaves it to the event loop to record its job. An
            exception means that the view must decide again.
        is_allowed: see `Again`.
    """

    answer: Callable[[bytes], PlainAnswer]
    is_allowed: Callable[[], bool]


class Later:
    """The body of a response that is made when the answer to a question is there.

    Attributes:
        asked: the question; None: there is none, so the response is whole.
        again: what may be done for a request with the same head; None: the view must be called.
        late_seconds: how long the event loop may wait for the answer.
        body: the body, once it is made.
    """

    def __init__(self, ask: Callable[..., Asked]) -> None:
        """Take the function that asks: `QuestionLoop` has it."""
        self._ask = ask
        self._read: Callable[[bytes], bytes] = bytes
        self.asked: Asked | None = None
        self.again: Again | LookAgain | MakeAgain | None = None
        self.late_seconds = 0.0
        self.body = b""

    def begin(self, scorer: SyncScorer, posed: Posed[bytes]) -> None:
        """Ask a question."""
        self._read, self.late_seconds = posed.read, scorer.prompt_seconds
        self.asked = self._ask(scorer, *posed.question)

    def end(self, result: bytes) -> None:
        """Make the body of the answer."""
        self.body = self._read(result)

    def __iter__(self) -> Iterator[bytes]:
        yield self.body


def answered_later(
    request: Request,
    scorer: SyncScorer,
    pose: Callable[[], Posed[bytes]],
    pose_again: Callable[[bytes], Posed[bytes]],
) -> Response | None:
    """Ask a question without waiting, if the event loop handles the request.

    Args:
        request: the request.
        scorer: asks the question.
        pose: makes the question, whose `read` makes the body of the response, which is JSON.
        pose_again: makes the question of the body of another request that has the same head.

    Returns:
        A response without a body, which the event loop completes; None: a thread handles the
        request, and may wait.

    Raises:
        shared.errors.service.QuestionsFull: too many questions wait long already.
    """
    later: Later | None = request.environ.get(LATER)
    if later is None:
        return None
    posed = pose()
    later.begin(scorer, posed)
    # Requests that are counted for each key go by Redis.
    if "spent" not in g:
        later.again = Again(scorer, posed.question[0], pose_again, current_key_check_of_all())
    return Response(later, mimetype="application/json")


def looks_again(request: Request, answer: Callable[[str], PlainAnswer]) -> None:
    """Let the event loop answer the same look at other jobs without the view.

    Args:
        request: the request, whose answer depends on its key and the job alone.
        answer: see `LookAgain`; it is called in the context of the app.
    """
    later: Later | None = request.environ.get(LATER)
    # Requests that are counted for each key go by Redis.
    if later is not None and "spent" not in g:
        later.again = LookAgain(answer, current_key_check_of_all())


def makes_again(request: Request, answer: Callable[[bytes], PlainAnswer]) -> None:
    """Let the event loop answer new jobs with the same head without the view.

    Args:
        request: the request, whose answer depends on its key, its head and its body alone.
        answer: see `MakeAgain`; it is called in the context of the app, with the key of this
            request.
    """
    later: Later | None = request.environ.get(LATER)
    # Requests that are counted for each key go by Redis.
    if later is None or "spent" in g:
        return
    key = g.get("key")

    def answer_again(body: bytes) -> PlainAnswer:
        if key:
            g.key = key
        return answer(body)

    later.again = MakeAgain(answer_again, current_key_check_of_all())
