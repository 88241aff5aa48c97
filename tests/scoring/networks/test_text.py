import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.networks import text
from scoring.networks.text import (
    BARE_WORDS,
    TREEBANK,
    WHOLE_WORDS,
    Tokeniser,
    WordNumbers,
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
    """A tokeniser is restored from a card's options, also after a round trip through JSON."""
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
    """A card's invalid pattern is refused with the reason."""
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
    """The tokeniser of a word index is guessed from its form of "don't"."""
    assert tokeniser_for(word_idx) is expected


def test_an_unknown_word_is_zero():
    """A word that is not in the index gets 0, the number of padding."""
    assert word_ids(["I am zorgly well"], WORD_IDX, TREEBANK, 56) == [[1, 2, 0, 3]]


def test_an_unknown_word_has_its_own_number_where_there_is_one():
    """If the index has <unk>, unknown words get its number."""
    assert word_ids(["zorgly"], {**WORD_IDX, "<unk>": 9}, TREEBANK, 56) == [[9]]


#: Known words, parts of them, and characters that may separate words.
PARTS = st.sampled_from(
    [*WORD_IDX, "don't", "cannot", "n", "'", "t", "'Ll", "It's", "!", "?", ".", "zorgly", "_", "-",
     " ", "  ", "\n", "\t", "\x1c", "\u2028", "\xa0", "\u200b", "\0", "\u03a3", "\u0391\u03a3",
     "\u0130", "\u00df", "\u2019", "caf\u00e9", "cafe\u0301", "\U0001f600",
     "\u4f5c\u54c1", "\ud800"]
)  # fmt: skip
TEXT = st.one_of(st.text(), st.lists(PARTS, max_size=40).map("".join))
TOKENISERS = [
    TREEBANK,
    WHOLE_WORDS,
    BARE_WORDS,
    Tokeniser(r"[^\s.]+"),
    Tokeniser(r"\S+ ?\S*"),
    Tokeniser(BARE_WORDS.pattern, (("a b", "ab"), ("", "x"))),
    Tokeniser(BARE_WORDS.pattern, (("do", "d o"), ("d o", "e"), ("\u03c3", "s"))),
]


@pytest.mark.parametrize("tokeniser", TOKENISERS)
@pytest.mark.parametrize("word_idx", [WORD_IDX, {**WORD_IDX, "<unk>": 9}])
@given(texts=st.lists(TEXT, max_size=5), max_length=st.integers(1, 20))
def test_numbers_are_those_of_the_first_words(tokeniser, word_idx, texts, max_length):
    """Each text gives the numbers of its first words, whether or not it is split at spaces."""
    unknown = word_idx.get("<unk>", 0)
    numbers = WordNumbers(word_idx, tokeniser)
    expected = [
        [word_idx.get(word, unknown) for word in tokeniser.words(text)[:max_length]]
        for text in texts
    ]
    for _ in range(2):  # the second time from the cache
        assert numbers.rows(texts, max_length) == expected


def test_the_rest_of_a_text_is_read_where_its_beginning_has_few_words():
    """Words after many dashes are found, up to the limit."""
    words = word_ids(["- " * 500 + "I am " + "- " * 500 + "well " * 9], WORD_IDX, TREEBANK, 5)
    assert words == [[1, 2, 3, 3, 3]]


def test_the_cache_of_pieces_is_bounded(monkeypatch):
    """The cache of pieces is bounded, and texts beyond it still get their numbers."""
    monkeypatch.setattr(text, "_MAX_PIECES", 10)
    numbers = WordNumbers(WORD_IDX, TREEBANK)
    long = "x" * 1000
    for n in range(50):
        assert numbers.rows([f"I am{n} well {long}"], 9) == [[1, 0, 3, 0]]
    assert len(numbers._numbers_of) <= 10
    assert long not in numbers._numbers_of


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
    """A file that is no object of word -> number is refused with the reason."""
    path = tmp_path / "word_idx.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_word_index(path)


def test_a_missing_word_index_is_refused(tmp_path):
    """A missing word index is refused."""
    with pytest.raises(ValueError, match="cannot be read"):
        read_word_index(tmp_path / "word_idx.json")
