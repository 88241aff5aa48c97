"""The signature of a model, and what follows from it for its card and version."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.card import CARD_FILE, Card, read_card, write_card
from shared.errors.model import BadCard
from shared.signature import SENTIMENT, Input, Output, Signature

PRICE = Signature(
    inputs=(Input(name="rooms", type="long"), Input(name="street", required=False)),
    outputs=(Output(name="prediction"),),
)


def card_of(folder: Path, signature: Signature | None) -> Card:
    """A card for a folder with one small file."""
    folder.mkdir()
    (folder / "model.pkl").write_bytes(b"model")
    return write_card(folder, name="mine", format="pkl", files=["model.pkl"], signature=signature)


def test_a_card_without_a_signature_takes_a_text_and_gives_a_score(tmp_path: Path) -> None:
    """Cards of older releases name no columns: they mean the article's."""
    card = card_of(tmp_path / "mine", None)
    assert card.signature == SENTIMENT
    assert card.signature.takes_text
    assert "inputs" not in (tmp_path / "mine" / CARD_FILE).read_text()


def test_the_article_s_signature_changes_no_version(tmp_path: Path) -> None:
    """Whether it is named or not, the model is the same."""
    assert card_of(tmp_path / "a", None).version == card_of(tmp_path / "b", SENTIMENT).version


def test_a_card_keeps_its_signature(tmp_path: Path) -> None:
    """It is written into the card and read again."""
    assert card_of(tmp_path / "mine", PRICE).signature == PRICE
    assert read_card(tmp_path / "mine").signature == PRICE
    assert not PRICE.takes_text


@pytest.mark.parametrize(
    "changed",
    [
        PRICE.model_copy(update={"inputs": PRICE.inputs[::-1]}),
        PRICE.model_copy(update={"outputs": (Output(name="price"),)}),
        PRICE.model_copy(update={"inputs": (Input(name="rooms"), PRICE.inputs[1])}),
    ],
    ids=["order", "name", "type"],
)
def test_the_version_follows_from_the_signature(tmp_path: Path, changed: Signature) -> None:
    """Jobs are pinned to a version, so whatever changes a result must change it."""
    assert card_of(tmp_path / "a", PRICE).version != card_of(tmp_path / "b", changed).version


def test_a_card_with_a_signature_that_was_changed_is_refused(tmp_path: Path) -> None:
    """Its version does not follow from it any more."""
    card_of(tmp_path / "mine", PRICE)
    path = tmp_path / "mine" / CARD_FILE
    path.write_text(path.read_text().replace('"rooms"', '"beds"'))
    with pytest.raises(BadCard, match="signature"):
        read_card(tmp_path / "mine")


@pytest.mark.parametrize(
    ("inputs", "outputs", "reason"),
    [
        ((Input(name="a"), Input(name="a")), (Output(name="b"),), "the same name"),
        ((Input(name="a"),), (Output(name="ref"),), "may not have the name ref"),
        ((Input(name="a"),), (Output(name="b", on_request=True),), "without a request"),
    ],
)
def test_a_signature_that_contradicts_itself_is_refused(
    inputs: tuple[Input, ...], outputs: tuple[Output, ...], reason: str
) -> None:
    """The columns of a result must have names of their own, and there must be one."""
    with pytest.raises(ValidationError, match=reason):
        Signature(inputs=inputs, outputs=outputs)


def test_an_output_on_request_is_not_among_the_default_ones() -> None:
    """A job gets it only by its name."""
    label = Output(name="label", type="string", on_request=True)
    signature = Signature(inputs=SENTIMENT.inputs, outputs=(*SENTIMENT.outputs, label))
    assert signature.default_outputs == SENTIMENT.outputs
    assert signature.outputs_named(["label", "Sentiment_Score"]) == (label, *SENTIMENT.outputs)
