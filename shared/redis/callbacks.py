"""Callbacks on Redis. Keys: `callbacks`, the jobs whose callback is due, by when; `job:<id>`."""

from shared.jobs.job import CallbackState
from shared.redis.base import RedisBase


class RedisCallbacks(RedisBase):
    """The part of `shared.jobs.job_store.JobStore` that callbacks go through.

    A callback becomes due in the script that ends its job (`call_back` in `lua/prelude.lua`).
    """

    def take_callbacks(self, most: int, seconds: float) -> list[tuple[str, int]]:
        """Take callbacks that are due, for so many seconds; ids of jobs, and the attempts."""
        taken = self._link.run("take_callbacks", most, seconds)
        return list(zip(taken[::2], taken[1::2], strict=True))

    def return_callback(self, job_id: str, seconds: float) -> None:
        """Give a callback back that was taken; it is due in so many seconds."""
        self._link.run("return_callback", job_id, seconds)

    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        """Note what became of an attempt to deliver a callback."""
        self._link.run("note_callback", job_id, state.value, error, again_in)
