"""`ETag` of a job: polling costs little while nothing has changed."""

from typing import Any

from support.in_memory import Service

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * (row % 10 + 1)) for row in range(40))


def poll(service: Service, url: str, tag: str | None = None) -> Any:
    return service.client.get(url, headers={"If-None-Match": tag} if tag else {})


def test_what_has_not_changed_is_not_sent_again(service: Service) -> None:
    """Though the clock goes on, and with it the rate and the remaining time."""
    url = service.submit(CSV).location
    service.dispatch.messages.rotate(-1)
    for _ in range(3):
        service.step()
    first = poll(service, url)
    assert first.json["rows_per_second"] is not None
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = poll(service, url, first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Retry-After"]


def test_what_has_changed_is_sent(service: Service) -> None:
    """Each step, each part that is done, an end, a worker that comes or goes: has its own tag."""
    url = service.submit(CSV).location
    tags = [poll(service, url).headers["ETag"]]
    while service.dispatch.messages:
        service.step()
        answer = poll(service, url, tags[-1])
        if answer.status_code == 200:
            tags.append(answer.headers["ETag"])
    assert len(tags) == len(set(tags)) >= 11
    assert poll(service, url, tags[-1]).status_code == 304
    service.fleet.leave("all")
    assert "No worker" not in poll(service, url).json["detail"]


def test_a_worker_that_goes_is_seen(service: Service) -> None:
    """The sentence for people changes, and with it the tag."""
    url = service.submit(CSV).location
    tag = poll(service, url).headers["ETag"]
    service.fleet.leave("all")
    assert "No worker" in poll(service, url, tag).json["detail"]


def test_a_job_that_is_gone_is_gone(service: Service) -> None:
    """Also for who has seen it."""
    url = service.submit(CSV).location
    tag = poll(service, url).headers["ETag"]
    service.client.delete(url)
    assert poll(service, url, tag).status_code == 404


def test_nothing_is_stored_between(service: Service) -> None:
    """Answers hold somebody's rows: no cache keeps them, or none shows them without asking."""
    url = service.submit(CSV).location
    service.work()
    for path in ("/jobs", "/models", f"{url}/results?format=json", "/jobs/none"):
        assert service.client.get(path).headers["Cache-Control"] == "no-store"
    assert service.client.get(f"{url}/results").headers["Cache-Control"] == "private, no-cache"
