from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from scoring.mapped import own_file
from scoring.mapped.own_file import OwnFile
from shared.card import Card, write_card
from shared.errors.model import DigestMismatch
from shared.private_copies import room_for_copies

#: Two files of one model.
CONTENTS = {"model.pkl": b"a pipeline", "words.json": b"[]"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder, and in place of the runtime one that gives what it finds in a folder."""

    def found(folder: Path, _card: Card) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    monkeypatch.setattr(own_file, "load_own", found)
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    return folder


def card_of(folder: Path) -> Card:
    return write_card(folder, name="mine", format="pkl", files=list(CONTENTS))


@pytest.mark.parametrize("room", [room_for_copies, nullcontext])
def test_all_files_of_the_card_are_as_they_were(folder: Path, room: Any) -> None:
    """A file next to the pickle is there too, and no file that is overwritten later counts."""
    with room():
        own = OwnFile(folder, card_of(folder))
        for name in CONTENTS:
            (folder / name).write_bytes(b"something longer than it was")
        found: Any = own.model()
        assert found == CONTENTS
        assert own.model() is found


@pytest.mark.parametrize("room", [room_for_copies, nullcontext])
@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_with_another_digest_is_refused(folder: Path, name: str, room: Any) -> None:
    """What its card does not name is never loaded: a pickle is code."""
    card = card_of(folder)
    (folder / name).write_bytes(b"something else")
    with room(), pytest.raises(DigestMismatch, match=name):
        OwnFile(folder, card)
