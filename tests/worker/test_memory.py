"""What a scoring process knows of the memory that it has used."""

import resource
from pathlib import Path

import pytest

from worker.memory import forget_peak


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="there is no such kernel")
def test_the_memory_of_loading_is_forgotten() -> None:
    """By its highest memory ever, a process would be replaced after each task."""
    large = b"x" * (128 * 2**20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    del large
    forget_peak()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < peak - 100 * 2**10
