"""The keys of requests on Redis: `key:<hash>`, held by a request or bound to the job it made."""

from typing_extensions import override

from shared.jobs.job import Binding, Spec
from shared.jobs.job_store import Held
from shared.redis.base import RedisBase

#: As the scripts take the key of a job that has none.
UNBOUND = ("", "", "", 0)


def bound(spec: Spec, seconds: int) -> tuple[str | int, ...]:
    """The key of a job as the scripts take it, to be bound for so long."""
    own = spec.binding
    return (own.key, own.token, own.fingerprint, seconds) if own else UNBOUND


class RedisHeldKeys(RedisBase):
    """The part of `shared.jobs.job_store.JobStore` that keeps keys; `create` binds them."""

    @override
    def hold_key(self, key: str, token: str, seconds: float) -> Held | None:
        found = self._link.run("hold_key", key, token, round(seconds * 1000))
        if not found:
            return None
        left, other, job_id, fingerprint = found
        made = Binding(key=key, token=other, fingerprint=fingerprint, job_id=job_id)
        return Held(made if job_id else None, left / 1000)

    @override
    def renew_key(self, key: str, token: str, seconds: float) -> None:
        self._link.run("touch_key", key, token, round(seconds * 1000))

    @override
    def release_key(self, key: str, token: str) -> None:
        self._link.run("touch_key", key, token, 0)
