import re
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from support.equal_counts import equal_counts

from scoring.words import compiled_words, word_counts
from scoring.words.compiled_words import CompiledWords
from scoring.words.hash_index import KeyCollision
from scoring.words.utf8 import word_points
from scoring.words.word_arrays import WordArrays
from scoring.words.word_counts import WordCounter
from scoring.words.word_index import WordIndex

#: Letters of one to four bytes, word borders of all kinds, and characters that lower() changes.
ALPHABET = (
    "aaabbI_1 '.,-!?:)\n\0\u00e9\u0130\u03a3\u03c3\u4e2d\u2014\u0301\U0001f642\U00010400\ud800"
)
TEXT = st.text(ALPHABET, max_size=40) | st.text(max_size=20)

OPTIONS = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3), (2, 3)]),
        "token_pattern": st.sampled_from(
            [
                *(r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"\w+", r"\w\w\w+", r"\w+|[!?:)]"),
                *(r"(?u)\b\w+\b|[!\u2014\U0001f600-\U0001f64f]", r"\w+|[\u2600-\u27bf]"),
                *(r"\w{1,}", r"(?u)\b\w{2,}\b", r"[a-zA-Z]{3,}", r"[A-Za-z0-9]+", r"[a-z][a-z]+"),
                *(r"[a-z_']+", r"[^\W\d_]{2,}", r"[a\u00e9\u4e2d\u0301]+", r"[A-Z!]+", r"[\w'-]+"),
            ]
        ),
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from([None, "unicode", "ascii"]),
        "stop_words": st.sampled_from([None, ["aa", "b", "ab"]]),
        "binary": st.booleans(),
        "dtype": st.sampled_from([np.int64, np.float32, np.float64]),
    }
)


def same(vectoriser: CountVectorizer, texts: list[str]) -> bool:
    """Whether compiled code and array operations both give the vectoriser's counts."""
    counter = WordCounter.from_vectoriser(vectoriser)
    assert counter is not None
    expected = CountVectorizer.transform(vectoriser, texts)
    ways = [WordArrays(counter._terms)]
    if compiled_words.LIBRARY:
        ways.append(CompiledWords(counter._terms))
    found = []
    for counter._words in ways:
        found.append(equal_counts(counter.counts(texts).matrix(), expected))
    return all(found)


@settings(max_examples=400)
@given(OPTIONS, st.lists(TEXT, min_size=1, max_size=8), st.lists(TEXT, min_size=1, max_size=8))
def test_counts_equal_those_of_the_vectoriser(
    options: dict[str, Any], known: list[str], texts: list[str]
) -> None:
    """For all options and texts, the counts equal those of the vectoriser."""
    vectoriser = CountVectorizer(**options)
    try:
        vectoriser.fit(["aa bb ab", *known])
    except ValueError:
        return  # a vocabulary of nothing but stop words
    assert same(vectoriser, texts + known)


@settings(max_examples=200)
@given(
    st.sampled_from(
        [r"\b[a-z]+\b", r"(?u)\b[a-zA-Z]{2,}\b", r"\b[^\W\d_]+\b", r"\b[aI\u00e9\u0130]+\b"]
    ),
    st.booleans(),
    st.sampled_from([None, "unicode", "ascii"]),
    st.lists(TEXT, min_size=1, max_size=8),
    st.lists(TEXT, min_size=1, max_size=8),
)
def test_whole_words_of_some_letters_are_counted(
    pattern: str, lower: bool, strip: str | None, known: list[str], texts: list[str]
) -> None:
    r"""`\b[a-z]+\b` takes no part of a word with other characters: "x" of "x1" is no token."""
    vectoriser = CountVectorizer(token_pattern=pattern, lowercase=lower, strip_accents=strip)
    assert same(vectoriser.fit(["aa bb ab x", *known]), texts + known)


@given(st.lists(st.text("ab\u00e9", min_size=1, max_size=60), min_size=1, unique=True), st.data())
def test_finds_words_of_any_length(words: list[str], data: st.DataObject) -> None:
    """Words of any length are found exactly."""
    index = WordIndex([word.encode() for word in words])
    looked_up = data.draw(
        st.lists(st.sampled_from(words) | st.text("ab\u00e9", min_size=1), min_size=1)
    )
    joined = b"\0".join(word.encode() for word in looked_up)
    lengths = np.array([len(word.encode()) for word in looked_up])
    starts = np.append(0, np.cumsum(lengths + 1)[:-1])
    expected = [words.index(word) if word in words else -1 for word in looked_up]
    assert index.find(joined, starts, lengths).tolist() == expected


def test_long_words_that_differ_in_one_place_are_distinct() -> None:
    """Long words that differ in one byte or in length are distinct."""
    word = "abcdefghijklmnopqrstuvwxyz"
    others = [word[:n] + "_" + word[n + 1 :] for n in range(len(word))] + [word[:-1], word + "a"]
    assert same(CountVectorizer().fit([word]), [word, *others])
    assert same(CountVectorizer().fit([word, *others]), [word, *others])
    for length in (15, 16, 23, 24):
        runs = [word[: length - 1] + last for last in ("", *word)]
        assert same(CountVectorizer().fit(runs), runs)


def test_a_vocabulary_with_equal_keys_is_left_to_the_vectoriser(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If two words have the same key, scikit-learn runs the pipeline."""
    monkeypatch.setattr(word_counts, "LIBRARY", None)
    one = np.ones(2, dtype=np.uint64), np.zeros(0, dtype=np.intp)
    monkeypatch.setattr(WordIndex, "_keys", lambda *_: one)
    assert WordCounter.from_vectoriser(CountVectorizer().fit(["aa bb"])) is None
    assert "two of its words have one key" in caplog.text


def test_a_given_vocabulary_keeps_its_columns() -> None:
    """Terms that no text can contain keep their columns, with the count 0."""
    vocabulary = {"good": 2, "not good": 0, "don't": 1, "x": 3, "a b c d": 4}
    vectoriser = CountVectorizer(vocabulary=vocabulary, ngram_range=(1, 2))
    texts = ["not good", "good don't x", ""]
    vectoriser.transform(texts)
    assert same(vectoriser, texts)


def test_many_texts_at_once_are_counted_as_one_by_one() -> None:
    """Terms do not cross the border of two texts, and empty texts keep their rows."""
    texts = ["aa", "bb", "", "aa bb", "bb", "", ""] * 700
    assert same(CountVectorizer(ngram_range=(1, 2)).fit(texts), texts)


@pytest.mark.parametrize(
    "vectoriser",
    [
        HashingVectorizer(),
        CountVectorizer(analyzer=str.split),
        CountVectorizer(tokenizer=str.split, token_pattern=None),
        CountVectorizer(preprocessor=str.lower),
        CountVectorizer(strip_accents=str.swapcase),
        CountVectorizer(token_pattern=r"[a-z]+[0-9]"),  # noqa: S106  no password, though a token
        CountVectorizer(token_pattern=r"\b[a-z]+"),  # noqa: S106
        CountVectorizer(token_pattern=r"\b[a-z']+\b"),  # noqa: S106
        CountVectorizer(token_pattern=r"\b[a-z]+\b", ngram_range=(1, 2)),  # noqa: S106
        CountVectorizer(token_pattern=r"[a-z ]+"),  # noqa: S106
        CountVectorizer(token_pattern=r"[z-a]+"),  # noqa: S106
        CountVectorizer(token_pattern=r"\w{2,3}"),  # noqa: S106
        CountVectorizer(token_pattern=r"\w{0,}"),  # noqa: S106
        CountVectorizer(token_pattern=r"[a-z]+|[!]"),  # noqa: S106
        CountVectorizer(token_pattern=r"\w+|[^!]"),  # noqa: S106
        CountVectorizer(token_pattern=r"\w+|[! ]"),  # noqa: S106
        CountVectorizer(token_pattern=r"\w+|[z-a]"),  # noqa: S106
        CountVectorizer(token_pattern=r"\w\w+|[!]"),  # noqa: S106
        CountVectorizer(input="file"),
        type("Own", (TfidfVectorizer,), {})(),
    ],
)
def test_leaves_other_ways_of_cutting_to_the_vectoriser(vectoriser: Any) -> None:
    """A vectoriser with another way of cutting texts is not supported."""
    assert WordCounter.from_vectoriser(vectoriser) is None


def test_a_vectoriser_with_a_method_of_the_users_is_left_alone() -> None:
    """A function may stand in the object in the place of a method, and cut texts in its own way."""
    vectoriser = CountVectorizer().fit(["aa"])
    assert WordCounter.from_vectoriser(vectoriser) is not None
    vectoriser.build_analyzer = lambda: str.split
    assert WordCounter.from_vectoriser(vectoriser) is None


def test_word_characters_are_those_of_the_regular_expressions() -> None:
    r"""The table of word characters equals `\w` for every code point beyond ASCII."""
    every = "".join(map(chr, range(0x80, 0x110000)))
    expected = np.zeros(0x110000, dtype=bool)
    expected[[ord(found) for found in re.findall(r"\w", every)]] = True
    assert (word_points()[0x80:] == expected[0x80:]).all()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_words_are_compiled_where_there_is_a_compiler() -> None:
    """The installation has compiled the library, and a counter uses it."""
    counter = WordCounter.from_vectoriser(CountVectorizer().fit(["aa"]))
    assert counter is not None
    assert isinstance(counter._words, CompiledWords)


def test_a_missing_library_is_replaced_by_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a compiled library, a counter uses array operations."""
    monkeypatch.setattr(word_counts, "LIBRARY", None)
    counter = WordCounter.from_vectoriser(CountVectorizer().fit(["aa"]))
    assert counter is not None
    assert isinstance(counter._words, WordArrays)


def test_texts_of_any_length_fit() -> None:
    """Very long texts, and texts of many words, are counted correctly."""
    texts = ["ab " * 50_000, "a" * 100_000, "x", " ".join(f"w{n}" for n in range(5_000))]
    assert same(CountVectorizer(ngram_range=(1, 3)).fit(texts), texts)


def test_capitals_that_stripping_accents_makes_stay_capitals() -> None:
    """Accents are stripped after lower-casing, so a parenthesised A becomes the word A, not a."""
    texts = ["a \U0001f110 b", "A B \U0001f110\U0001f111", "a\u0301 \U0001d400bc"]
    for strip in ("unicode", "ascii"):
        for ngrams in ((1, 1), (1, 2)):
            pattern = r"(?u)\b\w+\b"
            vectoriser = CountVectorizer(
                strip_accents=strip, token_pattern=pattern, ngram_range=ngrams
            )
            assert same(vectoriser.fit(texts), [*texts, "A", "a", "\U0001f110"])
            assert same(vectoriser.fit(["a b"]), texts)


def _words_of_one_hash() -> list[bytes]:
    """Two words of nine bytes that have the same hash in `scoring/words/terms.h`."""
    stir, all_bits = 0x9FB21C651E98DF25, 2**64 - 1
    head, tails = 0x6162636465666768, [9 << 56 | last for last in (0x61, 0x62)]
    heads = [head ^ (tail * stir & all_bits) for tail in tails]
    return [
        head.to_bytes(8, "little") + bytes([tail & 0xFF])
        for head, tail in zip(heads, tails, strict=True)
    ]


@pytest.mark.skipif(compiled_words.LIBRARY is None, reason="nothing was compiled")
def test_words_with_the_same_hash_are_refused() -> None:
    """Words with the same hash raise `KeyCollision`."""
    counter = WordCounter.from_vectoriser(CountVectorizer().fit(["aa bb"]))
    assert counter is not None
    with pytest.raises(KeyCollision):
        CompiledWords(replace(counter._terms, words=_words_of_one_hash()))
