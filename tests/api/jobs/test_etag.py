"""`ETag` of a job: polling costs little while the job has not changed."""

from typing import Any

from support.in_memory import Service

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * (row % 10 + 1)) for row in range(40))


def poll(service: Service, url: str, tag: str | None = None) -> Any:
    return service.client.get(url, headers={"If-None-Match": tag} if tag else {})


def test_what_has_not_changed_is_not_sent_again(service: Service) -> None:
    """Although the rate and the remaining time change with the clock."""
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
    """Each step, finished part and end, and each worker that comes or goes, gives a new tag."""
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
    """The sentence in `detail` changes, and so does the tag."""
    url = service.submit(CSV).location
    tag = poll(service, url).headers["ETag"]
    service.fleet.leave("all")
    assert "No worker" in poll(service, url, tag).json["detail"]


def test_another_version_in_its_place_is_named(service: Service) -> None:
    """The job says which version is served instead, and when it fails for that reason."""
    [served] = service.fleet.models().values()
    url = service.submit(CSV).location
    service.fleet.leave("all")
    tag = poll(service, url).headers["ETag"]
    other = served.model_copy(update={"card": served.card.model_copy(update={"version": "2"})})
    service.fleet.announce("node", [other])
    detail = poll(service, url, tag).json["detail"]
    assert f"No worker serves {served.card.full_name} at present" in detail
    assert "length@2 is served in its place: after 600 s the job fails." in detail


def test_a_deleted_job_is_a_404(service: Service) -> None:
    """Also for a client that has its tag."""
    url = service.submit(CSV).location
    tag = poll(service, url).headers["ETag"]
    service.client.delete(url)
    assert poll(service, url, tag).status_code == 404


def test_caches_do_not_store_answers(service: Service) -> None:
    """Answers hold a user's rows, so no cache may store them, or use them without asking."""
    url = service.submit(CSV).location
    service.work()
    for path in ("/jobs", "/models", f"{url}/results?format=json", "/jobs/none"):
        assert service.client.get(path).headers["Cache-Control"] == "no-store"
    assert service.client.get(f"{url}/results").headers["Cache-Control"] == "private, no-cache"
