import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.tokenizers import write_tokenizer  # noqa: E402

from scoring.networks.filtered_words import DEFAULT_FILTERS  # noqa: E402
from shared.errors.input import BadOption  # noqa: E402
from shared.errors.model import UnusableModel  # noqa: E402
from shared.model import load_model  # noqa: E402
from training.add_model import add_model  # noqa: E402
from training.added.meaning import Meaning  # noqa: E402
from training.added.proof_texts import PROOF  # noqa: E402
from training.hdf5 import quiet_about_hdf5  # noqa: E402

pytestmark = pytest.mark.keras

WORDS = [
    "i",
    "am",
    "well",
    "this",
    "is",
    "wonderful",
    "love",
    "it",
    "terrible",
    "hate",
    "bad",
    "at",
    "all",
    "the",
    "don't",
    "isn't",
]
WORD_IDX = {word: number for number, word in enumerate(WORDS, start=2)}
LENGTH = 9


#: How the texts of these models become numbers.
TEXTS = {
    "token_pattern": r"\w+(?:'\w+)*",
    "unknown": "0",
    "padding": "post",
    "truncating": "post",
}


def build(*, mask=True, units=10, activation="softmax", length=LENGTH, recurrent=None):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((length,)),
            layers.Embedding(len(WORDS) + 2, 5, mask_zero=mask, embeddings_initializer="normal"),
            recurrent or layers.Bidirectional(layers.LSTM(4)),
            layers.Dense(units, activation=activation),
        ]
    )
    model.set_weights([5 * weights for weights in model.get_weights()])
    return model


@pytest.fixture
def theirs(tmp_path):
    """A user's Keras file and word index."""
    quiet_about_hdf5()
    index = tmp_path / "their_words.json"
    index.write_text(json.dumps(WORD_IDX), encoding="utf-8")

    def save(model, name="theirs.h5"):
        path = tmp_path / name
        model.save(path)
        return path, Meaning(word_index=index, **TEXTS)

    return save


def outputs_of(model, texts):
    ids = [[WORD_IDX.get(word.strip(".,!"), 0) for word in text.lower().split()] for text in texts]
    return model(keras.utils.pad_sequences(ids, LENGTH, padding="post")).numpy()


def predicted(model, values):
    return outputs_of(model, PROOF) @ np.array(values)


DECILES = np.arange(0.05, 1, 0.1)


@pytest.mark.parametrize(
    ("name", "mask"), [("theirs.h5", True), ("theirs.hdf5", False), ("theirs.keras", True)]
)
def test_a_keras_file_with_its_word_index_is_added_and_served(theirs, tmp_path, name, mask):
    """A file with any of the three endings, with or without a mask, gives the model's scores."""
    model = build(mask=mask)
    path, meaning = theirs(model, name)
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    np.testing.assert_allclose(list(added.proof.values()), predicted(model, DECILES), atol=1e-5)
    folder = tmp_path / "models" / "mine"
    files = ["card.json", "examples.json", "model.hdf5", "model.onnx", "word_idx.json"]
    assert sorted(file.name for file in folder.iterdir()) == files
    assert added.card.figures["onnx.max_difference"] <= 1e-5
    scored = load_model(folder).score(pd.DataFrame({"text": PROOF}))
    np.testing.assert_allclose(scored["Sentiment_Score"], list(added.proof.values()), atol=1e-6)


def test_a_sigmoid_is_the_score(theirs, tmp_path):
    """A model with one output in 0..1 needs no class values."""
    model = build(units=1, activation="sigmoid")
    path, meaning = theirs(model)
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    np.testing.assert_allclose(list(added.proof.values()), predicted(model, [1.0]), atol=1e-5)


@pytest.mark.parametrize(("units", "hidden"), [(3, False), (21, True)])
def test_classes_without_a_meaning_are_told_apart(theirs, tmp_path, units, hidden):
    """Unless they are ten deciles, they may be topics: they are counted, and give no score.

    More than 20 probabilities are given on request only.
    """
    model = build(units=units)
    path, meaning = theirs(model)
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    label, *chances = added.card.outputs
    assert (label.name, label.type) == ("label", "long")
    assert [one.of for one in chances] == [str(number) for number in range(units)]
    assert all(one.on_request == hidden for one in chances)
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": PROOF}))
    expected = outputs_of(model, PROOF)
    np.testing.assert_allclose(scored[[one.name for one in chances]], expected, atol=1e-5)
    assert scored["label"].tolist() == expected.argmax(axis=1).tolist()


def test_named_classes_of_a_text(theirs, tmp_path):
    """The names of topics become labels; those of sentiment give a score, and labels on request."""
    path, meaning = theirs(build(units=3))
    named = replace(meaning, classes=["sport", "money", "art"])
    topics = add_model(path, name="topics", output=tmp_path / "models", meaning=named)
    names = ["label", "probability_sport", "probability_money", "probability_art"]
    assert [one.name for one in topics.card.outputs] == names
    named = replace(meaning, classes=["negative", "neutral", "positive"])
    moods = add_model(path, name="moods", output=tmp_path / "models", meaning=named)
    assert moods.classes == {"negative": 0.0, "neutral": 0.5, "positive": 1.0}
    assert [one.name for one in moods.card.signature.default_outputs] == ["Sentiment_Score"]
    scored = load_model(tmp_path / "models" / "moods").score(pd.DataFrame({"text": PROOF}))
    np.testing.assert_allclose(
        scored["Sentiment_Score"],
        scored["probability_positive"] + scored["probability_neutral"] / 2,
        atol=1e-6,
    )
    wrong = replace(meaning, classes=["sport", "money"])
    with pytest.raises(BadOption, match="it has 3 of them"):
        add_model(path, name="wrong", output=tmp_path / "models", meaning=wrong)


@pytest.mark.parametrize(
    ("how", "names"),
    [
        (
            {"units": 2, "activation": "sigmoid"},
            ["probability_toxic", "label_toxic", "probability_rude", "label_rude"],
        ),
        ({"units": 1, "activation": "tanh"}, ["prediction"]),
        ({"units": 2, "activation": None}, ["prediction_toxic", "prediction_rude"]),
    ],
)
def test_other_outputs_of_a_text_are_given_as_they_are(theirs, tmp_path, how, names):
    """Several sigmoids are labels; units without a known meaning are numbers, not probabilities."""
    model = build(**how)
    path, meaning = theirs(model)
    labels = ["toxic", "rude"] if how["units"] == 2 else None
    meaning = replace(meaning, labels=labels)
    add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": PROOF}))
    assert list(scored) == names
    numbers = scored[[name for name in names if not name.startswith("label")]]
    np.testing.assert_allclose(numbers, outputs_of(model, PROOF), atol=1e-5)
    for name in names:
        if name.startswith("label"):
            chance = scored[name.replace("label", "probability")]
            assert scored[name].tolist() == (chance > 0.5).tolist()


def test_several_outputs_of_a_text_are_named_by_their_layers(theirs, tmp_path):
    """A tokenizer and a network with two output layers."""
    source = keras.Input((LENGTH,))
    words = layers.Embedding(len(WORDS) + 2, 5, embeddings_initializer="normal")(source)
    mean = layers.GlobalAveragePooling1D()(words)
    topic = layers.Dense(3, activation="softmax", name="topic")(mean)
    stars = layers.Dense(1, name="stars")(mean)
    model = keras.Model(source, [topic, stars])
    path, _ = theirs(model)
    tokenizer = write_tokenizer(tmp_path / "tokenizer.pickle", WORD_IDX)
    meaning = Meaning(tokenizer=tokenizer, padding="post", truncating="post")
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    assert added.card.figures["onnx.max_difference"] <= 1e-5
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TUTORIAL_TEXTS}))
    rows = _tutorial_rows(TUTORIAL_TEXTS)
    rows = np.array([[*row[row > 0], *row[row == 0]] for row in rows])
    chances, [*price] = model.predict(rows[:5], verbose=0)
    names = [f"probability_topic_{number}" for number in range(3)]
    np.testing.assert_allclose(scored[names][:5], chances, atol=1e-5)
    np.testing.assert_allclose(scored["prediction_stars"][:5], np.ravel(price), atol=1e-5)
    assert scored["label_topic"][:5].tolist() == chances.argmax(axis=1).tolist()


def test_what_the_outputs_are_worth_is_told(theirs, tmp_path):
    """Two outputs are no and yes, and the caller learns it."""
    path, meaning = theirs(build(units=2))
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    assert added.classes == {"output 1": 0.0, "output 2": 1.0}


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


def _weights_only(tmp_path):
    build().save_weights(tmp_path / "only.weights.h5")
    return tmp_path / "only.weights.h5"


def _no_hdf5(tmp_path):
    (tmp_path / "text.h5").write_text("This is not HDF5.")
    return tmp_path / "text.h5"


def _no_keras(tmp_path):
    (tmp_path / "text.keras").write_text("This is not a zip.")
    return tmp_path / "text.keras"


def _softmax_of_one(tmp_path):
    build(units=1, activation="softmax").save(tmp_path / "one.h5")
    return tmp_path / "one.h5"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(
            _softmax_of_one, "always 1", marks=pytest.mark.filterwarnings("ignore:.*softmax")
        ),
        (_weights_only, "only weights"),
        (_no_hdf5, "not an HDF5 file"),
        (_no_keras, "cannot read it"),
    ],
)
def test_files_that_cannot_be_served_are_refused(theirs, tmp_path, make, reason):
    """Mere weights, foreign bytes and an output that is always 1 are refused."""
    _, meaning = theirs(build())
    path = make(tmp_path)
    with pytest.raises(UnusableModel, match=f"{path.name}.*{reason}"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
    assert not list((tmp_path / "models").iterdir())


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


def test_a_keras_file_has_no_labels(theirs, tmp_path):
    """Only scikit-learn models have the option for the positive label."""
    path, meaning = theirs(build())
    meaning = Meaning(word_index=meaning.word_index, positive="good")
    with pytest.raises(BadOption, match="--class-values"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)


WITH_FILTERS = {"filters": "default", "lower": True, "unknown": "drop", "truncating": "pre"}


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


def _tutorial_rows(texts):
    """Rows of numbers as Tokenizer() and pad_sequences() make them, written out."""
    cut = str.maketrans(dict.fromkeys(DEFAULT_FILTERS, " "))
    rows = np.zeros((len(texts), LENGTH), dtype=np.int32)
    for row, text in zip(rows, texts, strict=True):
        found = [WORD_IDX.get(word) for word in text.lower().translate(cut).split(" ")]
        numbers = [number for number in found if number is not None][-LENGTH:]
        row[LENGTH - len(numbers) :] = numbers
    return rows


TUTORIAL_TEXTS = [
    *PROOF,
    "It isn't\tbad\xa0AT all; I-am " * 4,
    "Zorgly well ...",
    "the\r\nwell (it)",
]


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
    expected = model.predict(_tutorial_rows(TUTORIAL_TEXTS), verbose=0) @ DECILES
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
