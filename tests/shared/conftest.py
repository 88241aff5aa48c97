"""Servers of object storage, shared by the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import object_storage


@pytest.fixture(scope="session")
def moto() -> Iterator[dict[str, str]]:
    """The variables that lead to an imitation of S3."""
    with object_storage.moto() as variables:
        yield variables


@pytest.fixture(scope="session")
def seaweedfs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where SeaweedFS keeps its data."""
    return tmp_path_factory.mktemp("seaweedfs")


@pytest.fixture(scope="session")
def seaweedfs(seaweedfs_folder: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a real server of S3's protocol."""
    with object_storage.seaweedfs(seaweedfs_folder) as variables:
        yield variables
