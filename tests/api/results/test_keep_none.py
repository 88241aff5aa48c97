"""`keep=none`: rows and results are deleted after their download, and the receipt stays."""

from typing import Any

import pytest
from support.in_memory import Service, make_service

from shared.config.settings import Settings
from shared.jobs import clearing
from shared.redis.link import RedisLink

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"x" * (row % 50)) for row in range(400))


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.process)])
def service(request: pytest.FixtureRequest, settings: Settings) -> Service:
    """A service whose job store is in memory or in a real Redis."""
    if request.param == "memory":
        return make_service(settings)
    link: RedisLink = request.getfixturevalue("link")
    return make_service(settings, link)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are deleted by the next run after their download."""
    for module in ("shared.redis.clearing", "support.doubles.clearing"):
        monkeypatch.setattr(f"{module}.CLEARED_AFTER", 0.0)


def done(service: Service, **options: str) -> str:
    """A job that keeps no rows, and has succeeded: its address."""
    accepted = service.submit(CSV, keep="none", **options)
    assert accepted.status_code == 202, accepted.text
    service.work()
    return str(accepted.location)


def is_kept(service: Service, url: str) -> bool:
    """Whether the results are there, after a run of the reconciler."""
    service.reconcile()
    answer = service.client.head(f"{url}/results")
    assert answer.status_code in (200, 410)
    return bool(answer.status_code == 200)


def download(service: Service, address: str, **headers: str) -> int:
    """Read an answer to its end; its status."""
    answer = service.client.get(address, headers=headers)
    assert answer.data is not None
    return int(answer.status_code)


def blobs_of(service: Service, url: str) -> set[str]:
    folder = f"jobs/{url.rpartition('/')[2]}/"
    return {key for key in service.blobs.contents if key.startswith(folder)}


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("wanted", ["csv", "ndjson", "parquet"])
@pytest.mark.usefixtures("at_once")
def test_a_complete_download_deletes_the_rows(
    service: Service, own_format: str, wanted: str
) -> None:
    """In any format: nothing is left but the record, its manifest and the receipt."""
    url = done(service, format=own_format)
    before = service.client.get(f"{url}/receipt").json
    assert is_kept(service, url)
    assert download(service, f"{url}/results?format={wanted}") == 200
    assert not is_kept(service, url)
    assert {key.rpartition("/")[2] for key in blobs_of(service, url)} == {"manifest.json"}
    for path in (
        "results",
        "results?partial=true",
        "results?ref=r1",
        "errors",
        "results?format=json",
    ):
        answer = service.client.get(f"{url}/{path}")
        assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (410, "rows-deleted")
        assert "its results were downloaded" in answer.json["detail"]
    job, receipt = service.client.get(url).json, service.client.get(f"{url}/receipt").json
    assert (job["state"], job["keep"]) == ("succeeded", "none")
    assert "Its rows and results are deleted" in job["detail"]
    assert receipt["rows_deleted_at"] == job["rows_deleted_at"] is not None
    assert receipt["downloaded_at"] is not None
    names = ("rows_deleted_at", "downloaded_at", "signatures")
    assert {k: v for k, v in receipt.items() if k not in names} == {
        k: v for k, v in before.items() if k not in names
    }
    assert service.client.get(f"{url}/summary").json["rows"]["total"] == 400


def test_a_client_has_a_minute_to_continue(service: Service) -> None:
    """The last byte that was sent may not have been received: the rows stay for a while."""
    url = done(service)
    assert download(service, f"{url}/results") == 200
    assert is_kept(service, url)
    assert download(service, f"{url}/results") == 200
    assert service.client.get(f"{url}/receipt").json["downloaded_at"] is not None
    assert clearing.CLEARED_AFTER == 60


def take(service: Service, url: str, pieces: int, begin: int = 0) -> int:
    """Download some pieces from an offset on, and break off; the bytes that came."""
    headers = {"Range": f"bytes={begin}-"} if begin else {}
    answer = service.client.get(f"{url}/results", headers=headers, buffered=False)
    chunks = answer.iter_encoded()
    size = sum(len(next(chunks)) for _ in range(pieces))
    answer.close()
    return begin + size


@pytest.mark.usefixtures("at_once")
def test_a_download_that_breaks_off_deletes_nothing(service: Service) -> None:
    """Neither does one that begins in the middle, or reads the end first; continued it does."""
    url = done(service)
    size = service.client.head(f"{url}/results").content_length
    assert take(service, url, 1) < size
    assert is_kept(service, url)
    assert download(service, f"{url}/results", Range="bytes=-8") == 206
    assert is_kept(service, url)
    assert download(service, f"{url}/results", Range="bytes=0-99") == 206
    assert is_kept(service, url)
    at = take(service, url, 3)
    assert is_kept(service, url)
    # The last piece before the break may not have arrived, so it counts for nothing.
    assert download(service, f"{url}/results", Range=f"bytes={at}-") == 206
    assert is_kept(service, url)
    assert download(service, f"{url}/results", Range="bytes=100-") == 206
    assert not is_kept(service, url)


@pytest.mark.parametrize(
    "path",
    [
        "results?format=json&limit=10000",
        "results?partial=true",
        "results?ref=r1",
        "errors",
        "summary",
    ],
)
@pytest.mark.usefixtures("at_once")
def test_what_is_no_complete_download(service: Service, path: str) -> None:
    """Pages, searches, partial results and errors delete nothing; nor does a 304."""
    url = done(service)
    assert download(service, f"{url}/{path}") == 200
    etag = service.client.head(f"{url}/results").headers["ETag"]
    again = service.client.get(f"{url}/results", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert is_kept(service, url)


def test_rows_that_nobody_downloads(settings: Settings) -> None:
    """They are deleted some time after the end; a failed job cannot be retried after that."""
    changes = {"keep_none_seconds": 1e-9}
    service = make_service(Settings.model_validate(settings.model_dump() | changes))
    url, failed = done(service), done(service, on_error="fail")
    service.reconcile()
    answer = service.client.get(f"{url}/results")
    assert answer.status_code == 410
    assert "the time for which they are kept" in answer.json["detail"]
    assert service.client.get(f"{url}/receipt").json["downloaded_at"] is None
    assert service.client.post(f"{failed}/retry").json["type"].endswith("nothing-to-retry")
    assert {key.rpartition("/")[2] for key in blobs_of(service, failed)} == {"manifest.json"}


@pytest.mark.usefixtures("at_once")
def test_a_redis_that_loses_everything(settings: Settings) -> None:
    """The manifest says that the rows are deleted, or that they are still to be."""
    changes = {"keep_none_seconds": 3600}
    service = make_service(Settings.model_validate(settings.model_dump() | changes))
    url = done(service)
    assert download(service, f"{url}/results") == 200
    assert not is_kept(service, url)
    service.lose()
    service.reconcile()
    assert service.client.get(f"{url}/results").status_code == 410
    assert service.client.get(f"{url}/receipt").json["rows_deleted_at"] is not None


@pytest.mark.usefixtures("at_once")
def test_a_few_rows_of_json(service: Service) -> None:
    """They are a bulk job, so that their rows can be deleted by themselves."""
    accepted = service.client.post("/jobs?keep=none", json={"text": ["good", "better"]})
    service.work()
    url = accepted.location
    assert len(service.client.get(f"{url}/results?format=csv").data.splitlines()) == 3
    assert not is_kept(service, url)
    service.reconcile()
    assert service.client.get(f"{url}/receipt").json["rows"]["completed"] == 2


def test_a_retry_keeps_none_too(service: Service) -> None:
    """It has the terms of the old job."""
    old = done(service, on_error="fail")
    new = service.client.post(f"{old}/retry?on_error=skip")
    assert new.json["keep"] == "none"


def test_what_keep_may_be(service: Service) -> None:
    """`all`, which is the default, or `none`."""
    assert service.submit(CSV, keep="some").status_code == 400
    url = service.submit(CSV, keep="all").location
    assert service.client.get(url).json["keep"] == "all"


def test_no_redirect(settings: Settings) -> None:
    """Object storage would not tell when the results were downloaded."""
    service = make_service(settings, direct=True)
    url = done(service)
    answer: Any = service.client.get(f"{url}/results?redirect=true")
    assert answer.status_code == 200
    assert "must see when they were downloaded" in answer.headers["Not-Redirected"]


def test_jobs_that_keep_their_rows(service: Service) -> None:
    """A download deletes nothing of them, however long ago they ended."""
    url = service.submit(CSV).location
    service.work()
    for _ in range(2):
        assert download(service, f"{url}/results") == 200
        assert is_kept(service, url)
