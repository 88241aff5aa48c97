"""Folders of users that get results, on an imitation of S3 and on a real server."""

from itertools import count
from typing import Any

import pytest
from support import object_storage

from shared.errors.output import OutputDenied
from shared.places.address import Place
from shared.places.output_folder import OutputFolder, OutputUnavailable, job_in
from shared.storage.object_files import PIECE_BYTES

pytestmark = pytest.mark.process

_numbers = count()


@pytest.fixture(params=["moto", "seaweedfs"])
def variables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that lead to a server; they are set."""
    found: dict[str, str] = request.getfixturevalue(request.param)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def place(variables: dict[str, str]) -> Place:
    """A folder of its own."""
    del variables
    return Place("s3", object_storage.BUCKET, f"outputs/{next(_numbers)}/")


def uploads(variables: dict[str, str], place: Place) -> list[str]:
    """The keys of multipart uploads that have not ended."""
    s3: Any = object_storage.client(variables)
    found = s3.list_multipart_uploads(Bucket=place.bucket, Prefix=place.key).get("Uploads", [])
    return [one["Key"] for one in found]


def test_a_file_appears_whole(place: Place) -> None:
    """Also a long one, which is sent in pieces; an empty one is a file as well."""
    folder = OutputFolder(place)
    for name, pieces in {"a.csv": [b"x"], "b.csv": [b"y" * PIECE_BYTES] * 3, "c.csv": []}.items():
        with folder.writing(name, "text/csv") as file:
            for piece in pieces:
                file.write(piece)
            assert folder.read(name) is None
        found = folder.read(name)
        assert found == (b"".join(pieces) if name != "b.csv" else b""), "long ones are not read"


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_file_that_breaks_off_is_none(
    place: Place, variables: dict[str, str], pieces: int
) -> None:
    """The reason is raised as it is, and no upload is left, which would cost money."""
    folder = OutputFolder(place)

    def write() -> None:
        with folder.writing("a.csv", "text/csv") as file:
            for _ in range(pieces):
                file.write(b"x" * PIECE_BYTES)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert folder.read("a.csv") is None
    assert uploads(variables, place) == []


def test_the_first_manifest_wins(place: Place) -> None:
    """Another one is not written, and the first one stays."""
    folder = OutputFolder(place)
    assert folder.create("manifest.json", b'{"job": "one"}')
    assert not OutputFolder(place).create("manifest.json", b'{"job": "two"}')
    assert job_in(folder.read("manifest.json")) == "one"
    folder.delete("manifest.json")
    folder.delete("manifest.json")
    assert folder.create("manifest.json", b"{}")


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"job": 7}', b"no JSON", b"\xff"])
def test_what_is_no_manifest_names_no_job(content: bytes | None) -> None:
    """A file of that name may be anybody's."""
    assert job_in(content) == ""


def test_uploads_of_a_dead_process_are_removed(place: Place, variables: dict[str, str]) -> None:
    """Of one file alone: those of other files may be under way."""
    s3: Any = object_storage.client(variables)
    for name in ("a.csv", "a.csv", "a.csv.other"):
        s3.create_multipart_upload(Bucket=place.bucket, Key=place.key + name)
    folder = OutputFolder(place)
    folder.abort("a.csv")
    assert uploads(variables, place) == [f"{place.key}a.csv.other"]
    folder.delete("a.csv.other")
    assert uploads(variables, place) == []


def test_a_folder_is_checked_by_a_write(place: Place, variables: dict[str, str]) -> None:
    """Nothing is left of it."""
    OutputFolder(place).check(".scorelane-1")
    s3: Any = object_storage.client(variables)
    assert not s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key).get("Contents")


def test_a_bucket_that_is_not_there_is_denied(
    moto: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It will not come by waiting, and the message says what to do.

    SeaweedFS makes the bucket for an administrator, as the tests are one there.
    """
    for name, value in moto.items():
        monkeypatch.setenv(name, value)
    folder = OutputFolder(Place("s3", "no-such-bucket", "a/"))
    with pytest.raises(OutputDenied, match="does not exist"):
        folder.check("a")


def test_wrong_credentials_are_denied(
    seaweedfs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says which rights are needed. The imitation checks no credentials."""
    for name, value in (seaweedfs | {"AWS_SECRET_ACCESS_KEY": "wrong"}).items():
        monkeypatch.setenv(name, value)
    folder = OutputFolder(Place("s3", object_storage.BUCKET, "outputs/denied/"))
    with pytest.raises(OutputDenied, match="need the right to read, write, list and delete"):
        folder.read("manifest.json")
    with pytest.raises(OutputDenied), folder.writing("a.csv", "text/csv") as file:
        file.write(b"x" * PIECE_BYTES * 2)


def test_a_store_that_does_not_answer_is_waited_for() -> None:
    """It is no denial: a job is held up by it."""
    pytest.importorskip("obstore", reason="the extra object-storage")
    from obstore.store import S3Store  # noqa: PLC0415

    def throttled(_: Any) -> Any:
        return S3Store(
            "bucket",
            endpoint="http://127.0.0.1:1",
            access_key_id="a",
            secret_access_key="b",  # noqa: S106
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    folder = OutputFolder(Place("s3", "bucket", "a/"), throttled, lambda *_: 0)
    with pytest.raises(OutputUnavailable) as raised:
        folder.read("manifest.json")
    assert "does not answer" in str(raised.value.strerror)
    with pytest.raises(OutputUnavailable), folder.writing("a.csv", "text/csv") as file:
        file.write(b"x")
