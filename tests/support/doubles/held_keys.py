"""Idempotency keys in memory."""

import math
import time

from support.doubles.base import InMemoryBase
from typing_extensions import override

from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.jobs.job_store import Held
from shared.jobs.state import State


class InMemoryHeldKeys(InMemoryBase):
    """Idempotency keys in a dict."""

    def _bind(self, job: Job) -> bool:
        own = job.spec.binding
        left = job.created_at + self._settings.idempotency_seconds - time.time()
        if own is None or left <= 0:
            return False
        held = self._holder(own.key)
        if held and (held.token != own.token or held.job_id not in ("", job.spec.id)):
            return False
        bound = own.model_copy(update={"job_id": job.spec.id})
        self._keys[own.key] = (bound, time.time() + left)
        return True

    def _holder(self, key: str) -> Binding | None:
        binding, until = self._keys.get(key, (None, 0.0))
        if binding is None or until <= time.time():
            return None
        record = self._records.get(binding.job_id)
        gone = binding.job_id and (record is None or record.job.state is State.EXPIRED)
        return None if gone else binding

    @override
    def hold_key(self, key: str, token: str, seconds: float) -> Held | None:
        found = self._holder(key)
        if found and (found.job_id or found.token != token):
            return Held(found if found.job_id else None, self._keys[key][1] - time.time())
        self._since = self._since or math.floor(time.time() * 1000) / 1000
        empty = Binding(key=key, token=token, fingerprint="")
        self._keys[key] = (empty, time.time() + seconds)
        return None

    @override
    def renew_key(self, key: str, token: str, seconds: float) -> None:
        found = self._holder(key)
        if found and found.token == token and not found.job_id:
            self._keys[key] = (found, time.time() + seconds)

    @override
    def release_key(self, key: str, token: str) -> None:
        found = self._holder(key)
        if found and found.token == token and not found.job_id:
            del self._keys[key]
