"""New versions of a model under a prefix of object storage."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.card import CARD_FILE, Card, read_card, save_card, write_card
from shared.config.object_address import ObjectAddress
from shared.errors.model import ModelExists
from shared.model_folders import current_versions
from shared.publishing import publish
from shared.stored_models import StoredModels

obstore = pytest.importorskip("obstore", reason="the extra object-storage")


@pytest.fixture
def stored() -> StoredModels:
    """A prefix in memory, without a model."""
    from obstore.store import MemoryStore  # noqa: PLC0415  skipped above without it

    store = MemoryStore()
    return StoredModels(ObjectAddress("s3", "bucket", "models"), lambda _address: store)


def make(room: Path, content: str, age: timedelta = timedelta()) -> Path:
    """A model folder whose card was written some time ago."""
    folder = room / "made"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "model.pkl").write_text(content)
    card = write_card(folder, name="mine", format="pkl", files=["model.pkl"])
    then = datetime.now(UTC).replace(microsecond=0) - age
    save_card(folder, card.model_copy(update={"created_at": then}))
    return folder


def cards(stored: StoredModels) -> dict[Path, Card]:
    """The cards under the prefix, which are all sound, by folder."""
    return {
        Path(folder): stored.card(folder, files)[0] for folder, files in stored.folders().items()
    }


def test_each_version_has_a_folder_and_new_jobs_get_the_last(
    stored: StoredModels, tmp_path: Path
) -> None:
    """Whatever the clocks of the machines say that add them."""
    published = [
        publish(make(tmp_path, content, age), stored, force=False)
        for content, age in (
            ("one", timedelta()),
            ("two", timedelta(hours=1)),
            ("three", timedelta(hours=2)),
        )
    ]
    assert set(stored.folders()) == {card.full_name for card in published}
    assert current_versions(cards(stored)) == {published[-1].full_name}
    again = publish(make(tmp_path, "one", timedelta(hours=3)), stored, force=False)
    assert again.full_name == published[0].full_name
    assert current_versions(cards(stored)) == {again.full_name}


def test_a_folder_that_is_named_like_the_model_becomes_a_version(
    stored: StoredModels, tmp_path: Path
) -> None:
    """Somebody has copied it there; it would hide all later versions otherwise."""
    folder = make(tmp_path, "one")
    first = read_card(folder)
    stored.put(folder, "mine", first)
    second = publish(make(tmp_path, "two"), stored, force=False)
    assert {place.name: card.full_name for place, card in cards(stored).items()} == {
        name: name for name in (first.full_name, second.full_name)
    }
    assert current_versions(cards(stored)) == {second.full_name}
    stored.put(make(tmp_path, "one"), "mine", first)
    assert current_versions(cards(stored)) == {first.full_name}
    publish(make(tmp_path, "two"), stored, force=False)
    assert current_versions(cards(stored)) == {second.full_name}


@pytest.mark.parametrize("name", ["mine", ""])
def test_force_removes_the_version_before(stored: StoredModels, tmp_path: Path, name: str) -> None:
    """And no other one."""
    first = publish(make(tmp_path, "one"), stored, force=False)
    folder = make(tmp_path, "two")
    if name:
        stored.put(folder, name, read_card(folder))
    else:
        publish(folder, stored, force=False)
    third = publish(make(tmp_path, "three"), stored, force=True)
    assert set(stored.folders()) == {first.full_name, third.full_name}


def test_a_folder_that_is_no_model_is_replaced_only_by_force(
    stored: StoredModels, tmp_path: Path
) -> None:
    """It may be what somebody copies at this moment."""
    folder = make(tmp_path, "one")
    stored.put(folder, "mine", read_card(folder))
    stored._blobs.delete(f"mine/{CARD_FILE}")
    with pytest.raises(ModelExists, match=r"s3://bucket/models.*has no card\.json"):
        publish(folder, stored, force=False)
    assert set(stored.folders()) == {"mine"}
    card = publish(folder, stored, force=True)
    assert set(stored.folders()) == {card.full_name}
