import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.text import (
    BARE_WORDS,
    TREEBANK,
    WHOLE_WORDS,
    Tokeniser,
    read_word_index,
    tokeniser_for,
    word_ids,
)

WORD_IDX = {"i": 1, "am": 2, "well": 3, "do": 4, "n't": 5, "like": 6, "it": 7, "'s": 8}


@pytest.mark.parametrize(
    ("natural", "tokenised"),
    [
        ("I don't like it.", "I do n't like it ."),
        ("It\N{RIGHT SINGLE QUOTATION MARK}s 'fine', he'd say", "it 's ` fine ' , he 'd say"),
        ("You can't, or cannot?", "You ca n't , or can not ?"),
        ('"Great!" (they\'re wrong)', "`` Great ! '' ( they 're wrong )"),
    ],
)
def test_natural_and_treebank_text_have_the_same_words(natural, tokenised):
    """A request's "don't" and the training data's "do n't" are the same two words."""
    assert TREEBANK.words(natural) == TREEBANK.words(tokenised)


def test_words_are_lower_cased():
    """Capitals make no difference."""
    assert TREEBANK.words("I AM Well") == ["i", "am", "well"]


@pytest.mark.parametrize("tokeniser", [TREEBANK, WHOLE_WORDS, BARE_WORDS])
def test_a_pattern_needs_no_look_around(tokeniser):
    """The patterns can be run by engines without look-around or groups."""
    assert "(?=" not in tokeniser.pattern
    assert "(?!" not in tokeniser.pattern
    assert "(?<" not in tokeniser.pattern
    assert re.compile(tokeniser.pattern).groups == 0


def test_a_tokeniser_survives_the_card():
    """What a card's options hold gives the same tokeniser back, through JSON."""
    options = json.loads(json.dumps(TREEBANK.options()))
    assert Tokeniser.from_options(options) == TREEBANK


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"token_pattern": "("}, "token_pattern"),
        ({"token_pattern": 7}, "token_pattern"),
        ({"token_pattern": r"(\w)+"}, "group"),
        ({"token_pattern": r"\w+", "replace": ["abc"]}, "replace"),
    ],
)
def test_a_wrong_token_pattern_is_named(options, reason):
    """A card's pattern that cannot be used says what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        Tokeniser.from_options(options)


@pytest.mark.parametrize(
    ("word_idx", "expected"),
    [
        ({"do": 1, "n't": 2}, TREEBANK),
        ({"don't": 1}, WHOLE_WORDS),
        ({"don": 1, "t": 2}, BARE_WORDS),
    ],
)
def test_the_word_index_shows_its_tokeniser(word_idx, expected):
    """A word index tells by its form of "don't" how its texts were cut."""
    assert tokeniser_for(word_idx) is expected


def test_an_unknown_word_is_zero():
    """A word that is not in the index has the number of padding."""
    assert word_ids(["I am zorgly well"], WORD_IDX, TREEBANK, 56) == [[1, 2, 0, 3]]


def test_an_unknown_word_has_its_own_number_where_there_is_one():
    """An index with <unk> gives that number to unknown words."""
    assert word_ids(["zorgly"], {**WORD_IDX, "<unk>": 9}, TREEBANK, 56) == [[9]]


@given(st.lists(st.text()), st.integers(1, 20))
def test_any_text_has_words_up_to_the_limit(texts, max_length):
    """Every text, whatever is in it, gives a row of no more numbers than the limit."""
    rows = word_ids(texts, WORD_IDX, TREEBANK, max_length)
    assert len(rows) == len(texts)
    assert all(len(row) <= max_length for row in rows)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "not a JSON object"),
        ("{}", "not a JSON object"),
        ('{"a": "1"}', "no whole number for 'a'"),
        ('{"a": -1}', "no whole number for 'a'"),
        ('{"a": true}', "no whole number for 'a'"),
    ],
)
def test_a_wrong_word_index_is_refused(tmp_path, content, reason):
    """A word index that is not word -> number says why."""
    path = tmp_path / "word_idx.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_word_index(path)


def test_a_missing_word_index_is_refused(tmp_path):
    """A word index that is not there says so."""
    with pytest.raises(ValueError, match="cannot be read"):
        read_word_index(tmp_path / "word_idx.json")
