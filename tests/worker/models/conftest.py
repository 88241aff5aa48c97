"""What the tests of models in object storage share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.stored_prefix import Prefix

from shared.card import write_card
from worker.models.store_mirror import StoreMirror


@pytest.fixture
def prefix() -> Prefix:
    """A prefix without a model."""
    return Prefix()


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """The folder of this machine, which is not there yet."""
    return tmp_path / "cache" / "models"


@pytest.fixture
def mirror(prefix: Prefix, local: Path) -> StoreMirror:
    """What copies the prefix into that folder."""
    return StoreMirror(prefix, local)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Makes a model folder that is in no models folder."""

    def made(content: str, name: str = "mine", more: str = "words") -> Path:
        folder = tmp_path / "made"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "model.pkl").write_text(content)
        (folder / "words.json").write_text(more)
        write_card(folder, name=name, format="pkl", files=["model.pkl", "words.json"])
        return folder

    return made
