"""For a Keras model of texts, the settings of its words that would match are found by trying."""

import json

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from click.testing import CliRunner  # noqa: E402  after the check that keras is here
from keras import layers  # noqa: E402

from scorelane.commands.main import cli  # noqa: E402
from scoring.networks.filtered_words import FilterTokeniser  # noqa: E402

pytestmark = pytest.mark.keras

WORDS = ["i", "am", "well", "this", "is", "wonderful", "love", "it", "terrible", "hate", "bad"]
WORDS += ["at", "all", "the", "don't", "good", "food"]
INDEX = {word: number for number, word in enumerate(WORDS, 2)}
LENGTH = 9
OPTIONS = ["--filters", "default", "--lower", "--unknown", "drop", "--classes", "neg,neu,pos"]
OPTIONS += ["--padding", "pre", "--truncating", "pre"]

_RANDOM = np.random.default_rng(0)
TEXTS = [
    " ".join(_RANDOM.choice([*WORDS, "zebra", "Food,", "Good!"], _RANDOM.integers(1, 15)))
    for _ in range(120)
]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((LENGTH,)),
            layers.Embedding(len(WORDS) + 2, 5, embeddings_initializer="normal"),
            layers.LSTM(4),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.set_weights([3 * weights for weights in model.get_weights()])
    return model


@pytest.fixture
def added(model, tmp_path):
    """Add the model with the command, and with what a script gives that reads texts otherwise."""

    def run(
        *, padding="pre", truncating="pre", unknown=None, lower=True, names=("neg", "neu", "pos")
    ):
        cut = FilterTokeniser(lower=lower).words
        numbers = [[INDEX.get(word, unknown) for word in cut(text)] for text in TEXTS]
        rows = keras.utils.pad_sequences(
            [[number for number in row if number is not None] for row in numbers],
            LENGTH,
            padding=padding,
            truncating=truncating,
        )
        found = model.predict(rows, verbose=0)
        columns = {f"probability_{name}": found[:, place] for place, name in enumerate(names)}
        frame = pd.DataFrame({"text": TEXTS} | columns)
        frame.to_csv(tmp_path / "scored.csv", index=False)
        model.save(tmp_path / "theirs.keras")
        (tmp_path / "words.json").write_text(json.dumps(INDEX))
        command = ["add-model", str(tmp_path / "theirs.keras"), "--name", "mine"]
        command += ["--word-index", str(tmp_path / "words.json"), *OPTIONS]
        command += ["--output", str(tmp_path / "models"), "--expect", str(tmp_path / "scored.csv")]
        result = CliRunner().invoke(cli, command)
        return result.exit_code, " ".join(result.output.split())

    return run


def test_a_network_that_gives_what_is_expected_is_added(added):
    """32 bits allow a hundred-thousandth. How words are cut and padded is printed."""
    code, said = added()
    assert code == 0, said
    assert "120 rows, all equal" in said
    assert "(1e-05 allowed)" in said
    assert "A word that is not in the index is left out." in said
    assert "Zeros fill up a short one before its words (padding=pre)." in said


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"truncating": "post"}, "With --truncating post all 120 rows match"),
        ({"lower": False}, "With --filters default --no-lower all 120 rows match"),
        (
            {"padding": "post", "unknown": 0},
            "With --padding post --unknown 0 all 120 rows match",
        ),
        ({"names": ("pos", "neu", "neg")}, "With --classes pos,neu,neg all 120 rows match"),
    ],
    ids=str,
)
def test_the_setting_of_the_script_is_found(added, script, says):
    """One setting or two at once; the message has them as options of the command."""
    code, said = added(**script)
    assert code == 2
    assert says in said
