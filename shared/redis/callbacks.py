"""Callbacks on Redis. Keys: `callbacks`, the jobs whose callback is due, by when; `job:<id>`."""

from typing_extensions import override

from shared.jobs.job import CallbackState
from shared.redis.base import RedisBase


class RedisCallbacks(RedisBase):
    """The part of `shared.jobs.job_store.JobStore` that callbacks go through.

    A callback becomes due in the script that ends its job (`call_back` in `lua/prelude.lua`).
    """

    @override
    def take_callbacks(self, most: int, seconds: float) -> list[tuple[str, int]]:
        taken = self._link.run("take_callbacks", most, seconds)
        return list(zip(taken[::2], taken[1::2], strict=True))

    @override
    def return_callback(self, job_id: str, seconds: float) -> None:
        self._link.run("return_callback", job_id, seconds)

    @override
    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        self._link.run("note_callback", job_id, state.value, error, again_in)
