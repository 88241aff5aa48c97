"""The states of a job and of its callback, and the moves between them."""

from enum import StrEnum


class State(StrEnum):
    """The state of a job."""

    QUEUED = "queued"  #: Accepted and recorded; no worker has begun it.
    RUNNING = "running"  #: A worker has begun it; parts are being scored.
    SUCCEEDED = "succeeded"  #: Every row has a score or an error, and the results exist.
    FAILED = "failed"  #: The job could not be carried out; its `error` says why.
    CANCELLED = "cancelled"  #: It was cancelled before it ended.
    EXPIRED = "expired"  #: Its retention is over; its rows and results were deleted.


class CallbackState(StrEnum):
    """The state of a job's callback."""

    WAITING = "waiting"  #: The job has not ended.
    PENDING = "pending"  #: It is due, and is tried until it is delivered or given up.
    DELIVERED = "delivered"  #: Its receiver has accepted it.
    FAILED = "failed"  #: It was given up, or its receiver wants no more callbacks.


#: All legal moves. The job store refuses any other.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.SUCCEEDED: frozenset({State.EXPIRED}),
    State.FAILED: frozenset({State.EXPIRED}),
    State.CANCELLED: frozenset({State.EXPIRED}),
    State.EXPIRED: frozenset(),
}

#: The states in which a job has ended.
ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED})

#: The states in which a job can be retried: a new job takes over the parts that are done.
RETRYABLE = frozenset({State.FAILED, State.CANCELLED})


def sources_of(state: State) -> list[State]:
    """The states from which a job may move to `state`."""
    return [source for source, targets in MOVES.items() if state in targets]
