"""Files that are read where they are: changed, gone, forbidden or damaged while their job runs."""

import errno
from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.places import Bucket

from shared.config.settings import Settings
from shared.errors.input import SourceDenied
from shared.jobs.state import State
from shared.storage.object_errors import ObjectStorageError

#: Longer than what is read at a time, so that a job has read a part of it.
ROWS = b"".join(b"%d,%s\n" % (at, b"z" * (at % 40 + 1) + b" " * 400) for at in range(800))
CSV = b"ref,text\n" + ROWS
#: More than what is read before there is a job.
LINES = (b"x" * 400 + b"\n") * 3000
SCORES = [length_score("z" * (at % 40 + 401)) for at in range(800)]


@pytest.fixture
def bucket(settings: Settings) -> Bucket:
    """A bucket with two files of 800 rows."""
    bucket = Bucket(settings, sealed=True)
    bucket.put(in__a_csv=CSV, in__b_csv=CSV)
    return bucket


def _begun(bucket: Bucket, steps: int = 2) -> str:
    """The location of a job of which some steps were run: the split, and parts."""
    accepted = bucket.submit({"input": "s3://data/in/"})
    assert accepted.status_code == 202, accepted.text
    for _ in range(steps):
        bucket.service.step()
    return str(accepted.location)


def _job(bucket: Bucket, location: str) -> Any:
    return bucket.service.client.get(location).json


def test_parts_lie_within_one_file(bucket: Bucket) -> None:
    """However the rows are cut, a part has rows of one file, and all rows are there, in order."""
    location = _begun(bucket)
    spec = bucket.service.store.get(location.rpartition("/")[2]).spec
    parts = bucket.service.store.parts(spec.id, 0, 10_000)
    assert len(parts) > 4
    begin = {len(b"ref,text\n"), len(CSV) + len(b"ref,text\n")}
    assert begin <= {part.offset for part in parts}
    assert all((part.offset < len(CSV)) == (part.end <= len(CSV)) for part in parts)
    bucket.service.work()
    rows = bucket.service.client.get(f"{location}/results?format=json&limit=2000").json["rows"]
    assert [row["Sentiment_Score"] for row in rows] == SCORES * 2


def test_a_split_goes_on_in_the_file_where_another_died(bucket: Bucket) -> None:
    """After any number of recorded parts the rest is cut as the first split would have."""
    location = _begun(bucket, 0)
    job_id = location.rpartition("/")[2]
    spec = bucket.service.store.get(job_id).spec
    cut = bucket.service.pipeline._splitter.cut
    parts = list(cut(spec, 0, None))
    for known in range(1, len(parts) + 1, 7):
        assert list(cut(spec, known, parts[known - 1])) == parts[known:]


def test_a_file_that_changes_fails_the_job(bucket: Bucket) -> None:
    """Rows of two contents are never mixed: the job fails, and names the file."""
    location = _begun(bucket)
    bucket.put(in__a_csv=CSV.replace(b"z", b"y"))
    bucket.service.work()
    job = _job(bucket, location)
    assert job["state"] == "failed"
    assert "s3://data/in/a.csv was changed" in job["error"]


@pytest.mark.parametrize("steps", [0, 2])
def test_a_file_that_is_gone_fails_the_job(bucket: Bucket, steps: int) -> None:
    """Before the split as well as after it."""
    location = _begun(bucket, steps)
    bucket.delete("in/a.csv")
    bucket.service.work()
    job = _job(bucket, location)
    assert (job["state"], "no file s3://data/in/a.csv" in job["error"]) == ("failed", True)


def test_a_retry_reads_the_file_again(bucket: Bucket) -> None:
    """A cancelled job is retried with the list of its files; a changed file fails it again."""
    location = _begun(bucket)
    client = bucket.service.client
    client.post(f"{location}/cancel")
    bucket.service.dispatch.messages.clear()
    again = client.post(f"{location}/retry")
    assert again.json["input"] == _job(bucket, location)["input"]
    rows = bucket.service.rows_of(again)
    assert [row["Sentiment_Score"] for row in rows] == SCORES * 2
    assert [row["file"][-5:] for row in rows] == ["a.csv"] * 800 + ["b.csv"] * 800


def test_a_retry_is_refused_where_the_file_may_not_be_read_any_more(settings: Settings) -> None:
    """What the settings allow is asked again."""
    bucket = Bucket(settings)
    bucket.put(in__a_csv=CSV)
    location = _begun(bucket)
    client = bucket.service.client
    client.post(f"{location}/cancel")
    services = bucket.service.app.extensions["scorelane"]
    object.__setattr__(services, "settings", settings)
    assert client.post(f"{location}/retry").status_code == 403


def test_a_job_comes_back_after_redis_has_lost_everything(bucket: Bucket) -> None:
    """From its manifest; the parts that are done are counted, and the file is read for the rest."""
    location = _begun(bucket, 4)
    bucket.service.lose()
    bucket.service.reconcile()
    bucket.service.work()
    assert _job(bucket, location)["state"] == "succeeded"
    rows = bucket.service.client.get(f"{location}/results?format=json&limit=2000").json["rows"]
    assert [row["Sentiment_Score"] for row in rows] == SCORES * 2


def test_a_store_that_does_not_answer_holds_the_job_up(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row is lost and no attempt is counted; the job says what holds it up."""
    location = _begun(bucket)
    stores = bucket.service.app.extensions["scorelane"].stores

    def fail(*_: object) -> None:
        raise ObjectStorageError(errno.EIO, "s3://data does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(stores, "_range", fail)
        bucket.service.work()
        assert "s3://data does not answer" in _job(bucket, location)["detail"]
    for record in bucket.service.store._records.values():
        record.leases = dict.fromkeys(record.leases, 0.0)
    bucket.service.reconcile()
    bucket.service.work()
    assert _job(bucket, location)["state"] == "succeeded"


def test_rights_that_come_back_in_time_fail_nothing(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that may not be read is asked for again before the job fails."""
    location = _begun(bucket)
    stores, denied = bucket.service.app.extensions["scorelane"].stores, [2]
    read = stores._range

    def deny(place: Any, *where: Any) -> Any:
        denied[0] -= 1
        if denied[0] % 2:
            raise SourceDenied(address=place.url)
        return read(place, *where)

    monkeypatch.setattr(stores, "_range", deny)
    bucket.service.work()
    assert _job(bucket, location)["state"] == "succeeded"


def test_rights_that_are_taken_away_fail_the_job(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names the file, and who can change that."""
    location = _begun(bucket)
    stores = bucket.service.app.extensions["scorelane"].stores

    def deny(place: Any, *_: Any) -> Any:
        raise SourceDenied(address=place.url)

    monkeypatch.setattr(stores, "_range", deny)
    bucket.service.work()
    assert "may not read s3://data/in/a.csv" in _job(bucket, location)["error"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"text\n" + LINES + b"caf\xe9\n", "byte 1,203,008 (0xe9) cannot be decoded"),
        (b"text\n" + LINES + b"\xe2\x82", "is not UTF-8"),
        (b"text\n" + LINES + b"\nb\n", "Line 3,002 is empty"),
        (
            b"text,b\n" + LINES.replace(b"xx\n", b"x,\n") + b'"a,b\n',
            "opens a quote that is not closed",
        ),
    ],
)
def test_what_is_wrong_far_behind_the_head_fails_the_job(
    bucket: Bucket, content: bytes, reason: str
) -> None:
    """What an upload would be refused for fails the job at the split, which reads every byte."""
    bucket.put(in__c_csv=content)
    accepted = bucket.submit({"input": "s3://data/in/c.csv"})
    bucket.service.work()
    job = _job(bucket, accepted.location)
    assert job["state"] == "failed"
    assert job["error"].startswith("s3://data/in/c.csv: ")
    assert reason in job["error"]
    assert "name its encoding" not in job["error"]
    assert "add quoting=none" not in job["error"]


def test_a_damaged_list_of_files_fails_the_job(bucket: Bucket) -> None:
    """It is in the blob store, with checksums; no other file is read for it."""
    location = _begun(bucket, 0)
    job_id = location.rpartition("/")[2]
    key = bucket.service.store.get(job_id).spec.upload_key
    content = bucket.service.blobs.contents[key]
    bucket.service.blobs.contents[key] = content.replace(b"a.csv", b"b.csv")
    bucket.service.work()
    assert bucket.service.store.get(job_id).state is State.FAILED
    assert "damaged" in _job(bucket, location)["error"]
