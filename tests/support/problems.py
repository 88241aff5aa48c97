"""What an error answer must be."""

from typing import Any

from support.in_memory import Service


def problem(answer: Any, status: int, code: str) -> str:
    """Check that an answer is a problem of this kind, and give its detail."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"urn:scorelane:problem:{code}"
    assert answer.json["status"] == status
    return str(answer.json["detail"])


def refused(service: Service, answer: Any, status: int, code: str) -> str:
    """Check besides that nothing of the request was kept."""
    detail = problem(answer, status, code)
    assert service.client.get("/jobs").json["jobs"] == []
    assert service.blobs.contents == {}
    assert not service.dispatch.messages
    return detail
