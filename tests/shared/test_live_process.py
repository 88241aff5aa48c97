"""Whether a process lives that has written its number somewhere."""

import os

import pytest

from shared.live_process import lives


def test_this_process_lives() -> None:
    """It may send itself signals."""
    assert lives(os.getpid())


@pytest.mark.parametrize("error", [ProcessLookupError, PermissionError])
def test_a_number_without_a_process_of_this_user(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    """A process of another user that has got the number of one that died is not that one."""

    def refuse(*_: int) -> None:
        raise error

    monkeypatch.setattr(os, "kill", refuse)
    assert not lives(os.getpid())
