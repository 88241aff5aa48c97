"""Callbacks on Redis: the section of the job store that the callback sender uses."""

from typing_extensions import override

from shared.jobs.state import CallbackState
from shared.redis.base import RedisBase


class RedisCallbacks(RedisBase):
    """Callbacks. The script that ends a job makes its callback due: `call_back` in the prelude."""

    @override
    def take_callbacks(self, limit: int, seconds: float) -> list[tuple[str, int]]:
        taken = self._link.run("take_callbacks", limit, seconds)
        return list(zip(taken[::2], taken[1::2], strict=True))

    @override
    def return_callback(self, job_id: str, seconds: float) -> None:
        self._link.run("return_callback", job_id, seconds)

    @override
    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        self._link.run("note_callback", job_id, state.value, error, again_in)
