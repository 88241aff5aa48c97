"""Idempotency keys on Redis: a key is held by a request, or bound to the job that it made."""

from typing_extensions import override

from shared.jobs.binding import Binding
from shared.jobs.job_store import Held
from shared.jobs.spec import Spec
from shared.redis.base import RedisBase

#: The arguments of the scripts for a job without a key: key, token, fingerprint, seconds.
UNBOUND = ("", "", "", 0)


def bound(spec: Spec, seconds: int) -> tuple[str | int, ...]:
    """The arguments of the scripts that bind a job's key for `seconds`."""
    own = spec.binding
    return (own.key, own.token, own.fingerprint, seconds) if own else UNBOUND


class RedisHeldKeys(RedisBase):
    """Idempotency keys. `RedisJobStore.create` binds a key to its job."""

    @override
    def hold_key(self, key: str, token: str, seconds: float) -> Held | None:
        holder = self._link.run("hold_key", key, token, round(seconds * 1000))
        if not holder:
            return None
        milliseconds, other, job_id, fingerprint = holder
        binding = Binding(key=key, token=other, fingerprint=fingerprint, job_id=job_id)
        return Held(binding if job_id else None, milliseconds / 1000)

    @override
    def renew_key(self, key: str, token: str, seconds: float) -> None:
        self._link.run("touch_key", key, token, round(seconds * 1000))

    @override
    def release_key(self, key: str, token: str) -> None:
        self._link.run("touch_key", key, token, 0)
