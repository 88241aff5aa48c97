"""Processes that die: between any two calls to what they work with."""

from typing import Any


class Died(BaseException):
    """The process died here."""


class Fuse:
    """Ends a process after so many of its calls; 0: not at all."""

    left = 0

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise Died


class Fragile:
    """A collaborator, before and after each of whose calls the process may die."""

    def __init__(self, target: Any, fuse: Fuse) -> None:
        self._target = target
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._fuse.burn()
            answer = found(*args, **options)
            # An open file is closed by the death of its process, and here by nobody.
            if name != "open":
                self._fuse.burn()
            return answer

        return call
