"""The option `priority` of a job."""

import pytest
from support.in_memory import Service

CSV = b"ref,text\n1,well\n"


@pytest.mark.parametrize("priority", ["low", "normal", "high"])
def test_a_job_shows_its_priority(service: Service, priority: str) -> None:
    """The job has the priority that it was sent with; its retry keeps it unless given one."""
    made = service.submit(CSV, priority=priority).json
    assert made["priority"] == priority
    assert "priority" not in made["options"]
    service.client.post(f"/jobs/{made['id']}/cancel")
    retried = service.client.post(f"/jobs/{made['id']}/retry").json
    assert retried["priority"] == priority
    other = service.client.post(f"/jobs/{made['id']}/retry?priority=low").json
    assert other["priority"] == "low"


def test_without_the_option_a_job_is_normal(service: Service) -> None:
    """Bulk jobs and small ones are `normal` by default."""
    assert service.submit(CSV).json["priority"] == "normal"
    small = service.client.post("/jobs", json={"ref": [1], "text": ["well"]}).json
    assert small["priority"] == "normal"


def test_another_word_is_refused(service: Service) -> None:
    """A priority that there is not is refused with the words that there are."""
    answer = service.submit(CSV, priority="urgent")
    assert answer.status_code == 400
    assert "low, normal, high" in answer.json["detail"]
