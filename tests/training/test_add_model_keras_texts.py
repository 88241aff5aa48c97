"""How the texts of an added Keras model become numbers: by options, files or a folder of ours."""

import json

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.keras_texts import DECILES, build, predicted  # noqa: E402
from support.known_words import LENGTH, TUTORIAL_TEXTS, WITH_FILTERS, WORD_IDX, tutorial_rows  # noqa: E402
from support.tokenizers import write_tokenizer  # noqa: E402

from shared.errors.model import UnusableModel  # noqa: E402
from shared.model import load_model  # noqa: E402
from training.add_model import add_model  # noqa: E402
from training.added.meaning import Meaning  # noqa: E402
from training.added.proof_texts import PROOF  # noqa: E402

pytestmark = pytest.mark.keras


def test_options_reach_the_card(theirs, tmp_path):
    """All that says how a text becomes a row of numbers is stored in the card, and used."""
    model = build(units=3, length=None)
    path, meaning = theirs(model)
    meaning = Meaning(
        word_index=meaning.word_index,
        class_values=[0, 0.5, 1],
        max_length=LENGTH,
        padding="post",
        truncating="post",
        unknown="0",
        token_pattern=r"[\w']+",  # noqa: S106  a word's pattern, no secret
    )
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    assert added.card.options == {
        "class_values": [0, 0.5, 1],
        "max_length": LENGTH,
        "padding": "post",
        "truncating": "post",
        "unknown": 0,
        "token_pattern": r"[\w']+",
        "replace": [],
        "heads": [{"kind": "classes", "units": 3, "classes": [0, 1, 2], "name": ""}],
    }
    expected = predicted(model, [0, 0.5, 1])
    np.testing.assert_allclose(list(added.proof.values()), expected, atol=1e-5)


def test_the_word_index_is_needed_and_must_fit(theirs, tmp_path):
    """A missing index, a malformed one, and the index of a larger model are refused."""
    path, meaning = theirs(build())
    with pytest.raises(UnusableModel, match="--word-index"):
        add_model(path, name="mine", output=tmp_path / "models")
    meaning.word_index.write_text("[]")
    with pytest.raises(UnusableModel, match="not a JSON object"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    meaning.word_index.write_text('{"beyond": 999}')
    with pytest.raises(UnusableModel, match="belong to another model"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)


@pytest.mark.parametrize(
    ("lacks", "asks_for"),
    [
        ({"unknown": None}, "--unknown drop"),
        ({"truncating": None}, "--truncating pre"),
        ({"padding": None}, "--padding pre"),
        ({"filters": None, "lower": None}, "--filters default --lower"),
        ({"lower": None}, "--filters default --lower"),
        ({"max_length": None}, "--max-length 100"),
    ],
)
def test_nothing_about_texts_is_guessed(theirs, tmp_path, lacks, asks_for):
    """If something is not determined, the message names the option, with an example."""
    path, meaning = theirs(build(mask=False, length=None))
    given = {**WITH_FILTERS, "padding": "pre", "max_length": LENGTH, **lacks}
    meaning = Meaning(word_index=meaning.word_index, **given)
    with pytest.raises(UnusableModel, match=rf"add: {asks_for}\.$"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)


def test_the_side_of_padding_does_not_matter_if_zeros_are_skipped(theirs, tmp_path):
    """A model that skips zeros anywhere needs no --padding."""
    path, meaning = theirs(build(mask=True))
    meaning = Meaning(word_index=meaning.word_index, **WITH_FILTERS)
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    assert "padding" not in added.card.options


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("how", ["tokenizer.json", "tokenizer.pickle", "options"])
def test_the_standard_tutorial_gives_its_own_scores(theirs, tmp_path, how, mask):
    """With their defaults, texts are padded and cut in front, and unknown words are dropped."""
    model = build(mask=mask)
    path, meaning = theirs(model)
    sides = {"padding": "pre", "truncating": "pre"}
    if how == "options":
        meaning = Meaning(word_index=meaning.word_index, **WITH_FILTERS, padding="pre")
    else:
        meaning = Meaning(tokenizer=write_tokenizer(tmp_path / how, WORD_IDX), **sides)
    add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TUTORIAL_TEXTS}))
    expected = model.predict(tutorial_rows(TUTORIAL_TEXTS), verbose=0) @ DECILES
    np.testing.assert_allclose(scored["Sentiment_Score"], expected, atol=1e-5)


@pytest.mark.parametrize("standardize", ["lower_and_strip_punctuation", "none"])
def test_a_vectorization_gives_its_own_scores(tmp_path, standardize):
    """Its vocabulary and its way of standardizing give the numbers that the layer itself gives."""
    texts = [*TUTORIAL_TEXTS, "I am,well don't\x0bisn't", "\u00c9T\u00c9 well\x85am \x1cwell_"]
    layer = layers.TextVectorization(
        16,
        standardize=None if standardize == "none" else standardize,
        output_sequence_length=LENGTH,
    )
    layer.adapt(["\u00c9T\u00c9 \u00e9t\u00e9 I am well iam amwell dont isnt it well I well"])
    model = build(mask=False)
    model.save(tmp_path / "theirs.keras")
    index = tmp_path / "vocabulary.json"
    index.write_text(json.dumps(layer.get_vocabulary()), encoding="utf-8")
    meaning = Meaning(word_index=index)
    with pytest.raises(UnusableModel, match="add: --standardize lower_and_strip_punctuation"):
        add_model(tmp_path / "theirs.keras", name="a", output=tmp_path / "models", meaning=meaning)
    sides = {"padding": "post", "truncating": "post"}
    meaning = Meaning(word_index=index, standardize=standardize, **sides)
    add_model(tmp_path / "theirs.keras", name="mine", output=tmp_path / "models", meaning=meaning)
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": texts}))
    expected = model.predict(layer(np.array(texts)), verbose=0) @ DECILES
    np.testing.assert_allclose(scored["Sentiment_Score"], expected, atol=1e-5)


def test_a_tokenizer_and_another_word_index_are_refused(theirs, tmp_path):
    """Both may be given, but they must have the same numbers."""
    path, meaning = theirs(build())
    tokenizer = write_tokenizer(tmp_path / "tokenizer.json", {**WORD_IDX, "well": 17})
    meaning = Meaning(word_index=meaning.word_index, tokenizer=tokenizer, truncating="pre")
    with pytest.raises(UnusableModel, match="other numbers than its tokenizer"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)


def test_files_of_a_model_folder_need_no_options(theirs, tmp_path):
    """The card next to a model of our own says how its texts are read."""
    path, meaning = theirs(build())
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    folder = tmp_path / "models" / "mine"
    meaning = Meaning(word_index=folder / "word_idx.json")
    again = add_model(
        folder / "model.hdf5", name="again", output=tmp_path / "models", meaning=meaning
    )
    assert again.proof == added.proof
    assert again.card.options == added.card.options


def test_a_text_without_known_words_may_have_no_score(theirs, tmp_path):
    """A mean over masked words has no value there; the texts with known words have theirs."""
    mean = layers.GlobalAveragePooling1D()
    path, meaning = theirs(build(recurrent=mean, units=1, activation="sigmoid"))
    meaning.word_index.write_text(json.dumps({"well": 2, "terrible": 3}))
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    assert list(added.proof) == ["I am well", "This is terrible, I hate it."]
    assert added.card.figures["onnx.max_difference"] <= 1e-5
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": PROOF}))
    assert scored["Sentiment_Score"].isna().tolist() == [False, True, False, True, True]
