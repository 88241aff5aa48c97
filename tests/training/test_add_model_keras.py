from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.keras_texts import DECILES, build, outputs_of, predicted  # noqa: E402
from support.known_words import LENGTH, TUTORIAL_TEXTS, WORD_IDX, WORDS, tutorial_rows  # noqa: E402
from support.tokenizers import write_tokenizer  # noqa: E402

from shared.errors.input import BadOption  # noqa: E402
from shared.errors.model import UnusableModel  # noqa: E402
from shared.model import load_model  # noqa: E402
from training.add_model import add_model  # noqa: E402
from training.added.meaning import Meaning  # noqa: E402
from training.added.proof_texts import PROOF  # noqa: E402

pytestmark = pytest.mark.keras


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
    rows = tutorial_rows(TUTORIAL_TEXTS)
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


def test_a_keras_file_has_no_labels(theirs, tmp_path):
    """Only scikit-learn models have the option for the positive label."""
    path, meaning = theirs(build())
    meaning = Meaning(word_index=meaning.word_index, positive="good")
    with pytest.raises(BadOption, match="--class-values"):
        add_model(path, name="mine", output=tmp_path / "models", meaning=meaning)
