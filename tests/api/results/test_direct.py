"""`redirect=true`: results from object storage itself, or as always with the reason in a header."""

import hashlib
import io

import pyarrow.parquet as pq
import pytest
from support.doubles.direct_files import STORE, InMemoryDirectFiles
from support.in_memory import Service, make_service
from support.problems import problem

from shared.config.settings import Settings

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"x" * (row % 50 + 1)) for row in range(40))

NO_WAIT = {"Prefer": "wait=0"}


@pytest.fixture
def direct(settings: Settings) -> Service:
    """A service whose blobs are where clients can read."""
    return make_service(settings, sealed=True, direct=True)


def files_of(service: Service) -> InMemoryDirectFiles:
    assert service.direct_files
    return service.direct_files


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_redirect_leads_to_the_same_bytes(direct: Service, form: str) -> None:
    """The first request has the file made, the next one is led to it: it is the ordinary download.

    The answer has its length and digest, and the store gives a browser its name and type.
    """
    url = f"{direct.submit(CSV, format=form).location}/results"
    direct.work()
    ordinary = direct.client.get(url)
    first = direct.client.get(f"{url}?redirect=true", headers=NO_WAIT)
    assert (first.status_code, first.data) == (200, ordinary.data)
    assert first.headers["Not-Redirected"] == "the file is not in object storage yet"
    direct.work()
    answer = direct.client.get(f"{url}?redirect=true")
    assert answer.status_code == 307
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert answer.location == body["url"]
    key = body["url"].removeprefix(STORE).partition("?")[0]
    content = direct.blobs.contents[key]
    assert content == ordinary.data
    assert (body["size"], body["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    kind, name = files_of(direct).headers[key]
    assert kind == ordinary.mimetype
    assert ordinary.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    if form == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_rows == 40


def test_many_requests_are_one_message(direct: Service) -> None:
    """Clients that ask again do not fill the queue; a worker that is asked twice writes once."""
    url = f"{direct.submit(CSV).location}/results?redirect=true"
    direct.work()
    for _ in range(3):
        assert direct.client.get(url, headers=NO_WAIT).status_code == 200
    assert [task for task, _ in direct.dispatch.messages] == ["join"]
    message = direct.dispatch.messages[0]
    direct.work()
    files_of(direct).headers.clear()
    direct.dispatch.messages.append(message)
    direct.work()
    assert not files_of(direct).headers


def test_a_request_waits_for_the_file(direct: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that writes it soon answers the first request."""
    url = f"{direct.submit(CSV).location}/results?redirect=true"
    direct.work()
    joins = []

    def join(full_name: str, job_id: str) -> None:
        joins.append(full_name)
        direct.pipeline.join(job_id)

    monkeypatch.setattr(direct.dispatch, "join", join)
    assert direct.client.get(url).status_code == 307
    assert joins == [direct.model.card.full_name]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"format": "ndjson"}, "the file in object storage is csv, as the job has stored it"),
        ({"format": "json"}, "the file in object storage is csv, as the job has stored it"),
        ({"delimiter": "tab"}, "the file in object storage is csv, as the job has stored it"),
        ({"partial": "true"}, "it is for all rows of a job that has succeeded"),
        ({"ref": "r1"}, "it is for all rows of a job that has succeeded"),
    ],
)
def test_what_is_not_in_the_file_is_answered_as_always(
    direct: Service, query: dict[str, str], reason: str
) -> None:
    """Another format, another dialect, a part of the rows."""
    url = f"{direct.submit(CSV).location}/results"
    direct.work()
    ordinary = direct.client.get(url, query_string=query)
    answer = direct.client.get(url, query_string={**query, "redirect": "true"})
    assert (answer.status_code, answer.data) == (200, ordinary.data)
    assert answer.headers["Not-Redirected"] == reason
    assert "Not-Redirected" not in ordinary.headers
    assert not direct.dispatch.messages


def test_who_has_no_file(direct: Service, service: Service) -> None:
    """A small job, HEAD, and a service whose blobs are in a folder."""
    small = direct.client.post("/jobs", json={"text": ["good", "better"]})
    bulk = direct.submit(CSV)
    direct.work()
    answer = direct.client.get(f"{small.location}/results?redirect=true")
    assert answer.headers["Not-Redirected"] == "the results of a small job are in its record"
    head = direct.client.head(f"{bulk.location}/results?redirect=true")
    assert head.headers["Not-Redirected"] == "a signed address is for GET alone"
    folder = service.submit(CSV)
    service.work()
    answer = service.client.get(f"{folder.location}/results?redirect=true")
    assert answer.status_code == 200
    reason = "the blobs of this service are not in object storage"
    assert answer.headers["Not-Redirected"] == reason


def test_a_job_that_has_no_results(direct: Service) -> None:
    """It is refused as without `redirect`, and so is a value that says nothing."""
    url = f"{direct.submit(CSV).location}/results"
    problem(direct.client.get(f"{url}?redirect=true"), 409, "job-not-finished")
    direct.work()
    problem(direct.client.get(f"{url}?redirect=yes"), 400, "bad-option")


def test_a_store_that_fails_is_no_failure_of_a_download(direct: Service) -> None:
    """While it takes no file or signs no address, the rows come as always."""
    url = f"{direct.submit(CSV).location}/results?redirect=true"
    direct.work()
    files = files_of(direct)
    files.fault = OSError(5, "it does not answer")
    assert direct.client.get(url, headers=NO_WAIT).status_code == 200
    direct.work()
    assert not [key for key in direct.blobs.contents if "direct" in key]
    files.fault = None
    direct.pipeline.join(url.split("/")[2])
    assert direct.client.get(url).status_code == 307
    files.fault = OSError(5, "it does not sign")
    answer = direct.client.get(url)
    assert (answer.status_code, "Not-Redirected" in answer.headers) == (200, True)


def test_damaged_results_are_no_file(direct: Service) -> None:
    """The file is not written; the ordinary download says which rows are lost."""
    location = direct.submit(CSV).location
    direct.work()
    key = next(key for key in sorted(direct.blobs.contents) if "/results/" in key)
    content = direct.blobs.contents[key]
    direct.blobs.contents[key] = content[:20] + b"#" + content[21:]
    direct.pipeline.join(location.split("/")[2])
    assert not [key for key in direct.blobs.contents if "direct" in key]
    answer = direct.client.get(f"{location}/results?redirect=true", headers=NO_WAIT)
    problem(answer, 500, "results-damaged")


def test_a_deleted_job_has_no_file(direct: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes with the job, also if the job is deleted while a worker writes it."""
    location = direct.submit(CSV).location
    other = direct.submit(CSV).location
    direct.work()
    direct.pipeline.join(location.split("/")[2])
    assert direct.client.delete(location).status_code == 204
    read = direct.blobs.open

    def deleting(key: str, offset: int = 0, *, expect: int = -1) -> object:
        file = read(key, offset, expect=expect)
        if f"{other}/results/".strip("/") in key:
            direct.client.delete(other)
        return file

    monkeypatch.setattr(direct.blobs, "open", deleting)
    direct.pipeline.join(other.split("/")[2])
    assert not [key for key in direct.blobs.contents if key.startswith("jobs/")]
