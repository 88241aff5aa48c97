"""A job with too many rows fails, and holds up no other."""

from support.in_memory import make_service

from shared.config.settings import Settings


def test_a_job_with_too_many_rows_takes_no_step_of_another_job(settings: Settings) -> None:
    """The call that records its parts hands out steps of other jobs, which must be sent."""
    # Each job has too many rows with its first part.
    service = make_service(settings.model_copy(update={"max_rows": 0, "lanes_per_process": 1}))
    accepted = [service.submit(b"text\n" + b"a\n" * 5) for _ in range(4)]
    service.work()
    jobs = [service.client.get(one.location).json for one in accepted]
    assert [job["state"] for job in jobs] == ["failed"] * 4
    assert "more than 0 rows" in jobs[0]["error"]
