"""Servers of object storage, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest
from support import object_storage


@pytest.fixture(scope="session")
def moto() -> Iterator[dict[str, str]]:
    """The variables that lead to an imitation of S3."""
    with object_storage.moto() as variables:
        yield variables


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that lead to a real server of S3's protocol."""
    with object_storage.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as variables:
        yield variables
