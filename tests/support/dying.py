"""Processes that die between any two calls to their collaborators, without a real process."""

from typing import Any


class Died(BaseException):
    """The process died here; a BaseException, so that no handler takes it for an error."""


class Fuse:
    """Ends a process after `left` more calls; 0: never."""

    left = 0

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise Died


class Fragile:
    """Wraps a collaborator: the process may die before and after each call of its methods."""

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
            # A real death would close the file; here nothing would, and that is a warning.
            if name != "open":
                self._fuse.burn()
            return answer

        return call
