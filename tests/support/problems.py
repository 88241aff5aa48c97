"""Checks of error responses."""

from typing import Any

from support.in_memory import Service


def problem(answer: Any, status: int, code: str) -> str:
    """Check that a response is a problem with this status and code, and return its detail."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"urn:scorelane:problem:{code}"
    assert answer.json["status"] == status
    return str(answer.json["detail"])


def refused(service: Service, answer: Any, status: int, code: str) -> str:
    """Like `problem`, and check that nothing of the request was stored or dispatched."""
    detail = problem(answer, status, code)
    assert service.client.get("/jobs").json["jobs"] == []
    assert service.blobs.contents == {}
    assert not service.dispatch.messages
    return detail
