import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorelane.commands.common import model_options
from scoring.keras_model import word_numbers
from scoring.networks.standardised_words import STANDARDIZE, StandardisedTokeniser

#: White space and separators of all kinds, punctuation, and letters that `str.lower` changes.
ALPHABET = "aAbB_',.!-\u00e9\u00c9\u0130\u03a3\u00df\u2019 \t\n\r\x0b\x0c\x1c\x85\u00a0\u3000"


@pytest.mark.parametrize(
    ("standardize", "words"),
    [
        ("lower_and_strip_punctuation", ["dont", "goodbad", "\u00c9T\u00c9\u2019s"]),
        ("lower", ["don't", "good,bad!", "\u00c9T\u00c9\u2019s"]),
        ("strip_punctuation", ["Dont", "goodbad", "\u00c9T\u00c9\u2019s"]),
        ("none", ["Don't", "good,bad!", "\u00c9T\u00c9\u2019s"]),
    ],
)
def test_texts_are_cut_as_the_layer_cuts_them(standardize, words):
    """Punctuation is removed and leaves no gap; letters beyond ASCII keep their case."""
    tokeniser = StandardisedTokeniser(standardize)
    if standardize.startswith("lower"):
        words = [word.replace("T", "t") for word in words]
    assert tokeniser.words("Don't  good,bad!\n\u00c9T\u00c9\u2019s") == words


@pytest.mark.keras
@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(ALPHABET + string.punctuation, max_size=30), min_size=1, max_size=20))
def test_words_are_those_of_keras(texts):
    """The layer `TextVectorization` itself gives the same words, in each of its ways."""
    layers = pytest.importorskip("keras").layers
    for standardize in STANDARDIZE:
        layer = layers.TextVectorization(
            standardize=None if standardize == "none" else standardize, vocabulary=["x"]
        )
        cut = layer._preprocess(np.array(texts))
        words = [[word.decode() for word in row] for row in cut.numpy()]
        assert words == [StandardisedTokeniser(standardize).words(text) for text in texts]


def test_the_card_says_the_way():
    """A card holds the way, and an unknown one is refused."""
    numbers = word_numbers({"dont": 2}, {"standardize": "lower_and_strip_punctuation"})
    assert numbers.rows(["Don't. don't"], 4) == [[2, 2]]
    with pytest.raises(ValueError, match="standardize"):
        word_numbers({"a": 1}, {"standardize": "upper"})


def test_the_command_has_all_ways():
    """The option of the command lists what the tokeniser knows."""

    def command():
        """Stand for the command."""

    model_options.text_options(command)
    [option] = [one for one in command.__click_params__ if one.name == "standardize"]
    assert tuple(option.type.choices) == STANDARDIZE
