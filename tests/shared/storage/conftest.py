"""The stores that the contract of `BlobStore` is tested on."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from support import object_storage

from shared.config.object_address import object_address
from shared.storage.blob_process import ProcessBlobs
from shared.storage.blobs import BlobStore
from shared.storage.folder_blobs import FolderBlobs
from shared.storage.object_blobs import ObjectBlobs

#: Tests get prefixes of their own in one bucket.
_numbers = count()


#: The stores that every test of the contract runs on.
STORES = [
    "folder",
    pytest.param("moto", marks=pytest.mark.process),
    pytest.param("seaweedfs", marks=pytest.mark.process),
    pytest.param("helper", marks=pytest.mark.process),
]


@pytest.fixture(params=STORES)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BlobStore]:
    """An empty store of each kind."""
    if request.param == "folder":
        yield FolderBlobs(tmp_path / "blobs")
    elif request.param == "helper":
        url = object_blobs(request.getfixturevalue("moto"), monkeypatch).address.url
        with closing(ProcessBlobs(url)) as helped:
            yield helped
    else:
        yield object_blobs(request.getfixturevalue(request.param), monkeypatch)


@pytest.fixture(params=STORES[1:3])
def objects(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ObjectBlobs:
    """An empty store in object storage of each kind."""
    return object_blobs(request.getfixturevalue(request.param), monkeypatch)


def object_blobs(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> ObjectBlobs:
    """An empty store on a server."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    prefix = f"s3://{object_storage.BUCKET}/test/{next(_numbers)}"
    return ObjectBlobs(object_address(prefix))
