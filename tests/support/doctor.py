"""Runs `scorelane doctor`, and finds its findings."""

from collections.abc import Callable
from typing import Any

from shared.fleet import Worker
from shared.monitoring.findings import Finding, Severity

Run = Callable[..., tuple[int, list[dict[str, str]]]]


def of(found: Any, about: str, text: str = "") -> Finding:
    """The only finding about a subject whose message has this text."""
    [finding] = [one for one in found if one.about == about and text in one.message]
    assert isinstance(finding, Finding)
    # Every finding but a fine one has advice.
    assert bool(finding.advice) is (finding.severity is not Severity.FINE)
    return finding


def a_worker(name: str, **changes: Any) -> Worker:
    usual = {
        "name": name,
        "host": "here",
        "release": "1",
        "libraries": {"numpy": "2.0"},
        "models": ["fast@1"],
        "processes": [1],
        "memory": 1,
        "started_at": 1.0,
        "clock_ahead": 0.0,
        "blobs": "same",
    }
    return Worker.model_validate(usual | changes)
