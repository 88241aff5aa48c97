"""Cards that contradict themselves."""

from pathlib import Path

import pytest

from shared.card import CARD_FILE, read_card, save_card, write_card
from shared.digests import file_digest, version_of
from shared.errors.model import BadCard


def test_a_card_that_names_itself_is_refused(tmp_path: Path) -> None:
    """It cannot hold its own digest, and would be written in the place of that file."""
    (tmp_path / "model.pkl").write_text("one")
    card = write_card(tmp_path, name="mine", format="pkl", files=["model.pkl"])
    files = card.files | {CARD_FILE: file_digest(tmp_path / "model.pkl")}
    named = card.model_copy(update={"files": files, "version": version_of(files, {})})
    save_card(tmp_path, named)
    with pytest.raises(BadCard, match=r"it names card\.json among its files"):
        read_card(tmp_path)
