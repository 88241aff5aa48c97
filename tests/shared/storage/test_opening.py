"""Which blob store the settings open."""

from pathlib import Path

import pytest

from shared.config import startup
from shared.config.settings import Settings, load_settings
from shared.errors.service import BadSettings
from shared.storage.blob_process import ProcessBlobs
from shared.storage.folder_blobs import FolderBlobs
from shared.storage.object_blobs import ObjectBlobs
from shared.storage.opening import identity_of, open_blobs


def test_the_folder_is_the_default(tmp_path: Path) -> None:
    """An address of object storage takes its place; a process that forks gets a helper."""
    folder = Settings(blobs_dir=tmp_path / "blobs")
    assert isinstance(open_blobs(folder), FolderBlobs)
    assert isinstance(open_blobs(folder, forks=True), FolderBlobs)
    assert identity_of(folder) == ""
    assert not (tmp_path / "blobs").exists()
    objects = Settings(blobs="s3://bucket/prefix")
    assert isinstance(open_blobs(objects), ObjectBlobs)
    assert isinstance(open_blobs(objects, forks=True), ProcessBlobs)


def test_a_bad_address_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program does not start with it."""
    monkeypatch.setenv("SCORELANE_BLOBS", "/var/lib/blobs")
    with pytest.raises(BadSettings, match=r"SCORELANE_BLOBS.*s3://bucket/prefix"):
        load_settings()


def test_without_the_library_a_program_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only if blobs are in object storage."""
    monkeypatch.setattr(startup, "find_spec", lambda _: None)
    startup.check_blobs(Settings())
    with pytest.raises(BadSettings, match=r"scorelane-server\[object-storage\]"):
        startup.check_blobs(Settings(blobs="s3://bucket"))
