"""Reads the words of a user's Keras model, and what their file says about cutting texts."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scoring.networks.filtered_words import FilterTokeniser
from scoring.networks.text import DROP, UNKNOWN, checked_word_index
from shared.card import read_card
from shared.errors.model import ModelError
from shared.model import file_digest
from training.added.tokenizer_pickle import read_pickled_tokenizer

#: Entries of a word index that stand for every word that is not in it.
_UNKNOWN = ("<unk>", "<UNK>", "[UNK]", "UNK", "<OOV>", "<oov>", "[OOV]", "<unknown>", "<UNKNOWN>")

#: How the index of `keras.datasets.imdb` is recognised: its size, and the numbers of two words.
_IMDB_WORDS, _IMDB = 88_584, {"the": 1, "fawn": 34_701}


@dataclass(frozen=True)
class Vocabulary:
    """The words of a model.

    Attributes:
        words: word -> number.
        options: the options for the card that the file determines.
        is_tokenizer: the file is a Keras `Tokenizer`, which determines all but the sides of
            padding and truncation, and the length.
        is_list: the file is a list, as `TextVectorization.get_vocabulary()` gives it.
    """

    words: dict[str, int]
    options: dict[str, Any] = field(default_factory=dict)
    is_tokenizer: bool = False
    is_list: bool = False


def vocabulary_of(
    word_index: Path | None, tokenizer: Path | None, *, model: Path, num_words: int | None
) -> Vocabulary:
    """Read the words of a model from the files that the user gave; see `read_vocabulary`.

    Args:
        word_index: the file of the word index, or None.
        tokenizer: the file of the Keras `Tokenizer`, or None.
        model: the model's file.
        num_words: words with this number or a higher one are left out; None: none is.

    Raises:
        ValueError: there is no file, a file cannot be read, or both files have other words.
    """
    if word_index is None and tokenizer is None:
        raise ValueError(
            "a Keras model needs the words of its training: the Tokenizer (--tokenizer), or a JSON "
            "object of word and number (--word-index). If its numbers are the columns of a table, "
            "name them with --inputs"
        )
    read = [read_vocabulary(path, model) for path in (tokenizer, word_index) if path]
    if tokenizer and not read[0].is_tokenizer:
        raise ValueError(f"{tokenizer.name} is not a Keras Tokenizer; give it with --word-index")
    vocabulary = read[0]
    if any(vocabulary.words.items() - other.words.items() for other in read[1:]):
        raise ValueError("its word index has other numbers than its tokenizer; give only one")
    if num_words is None:
        return vocabulary
    return replace(vocabulary, words=_below(num_words, vocabulary.words))


def read_vocabulary(path: Path, model: Path) -> Vocabulary:
    """Read a word index (a JSON object or list), or a Keras `Tokenizer` (JSON or pickle).

    If the file and the model lie in a model folder of Scorelane, its card gives the options.

    Args:
        path: the file.
        model: the model's file.

    Raises:
        ValueError: the file cannot be read; the message says why.
    """
    if path.suffix.lower() in (".pickle", ".pkl", ".joblib"):
        return _of_tokenizer(read_pickled_tokenizer(path), path)
    try:
        read = json.loads(path.read_text(encoding="utf-8-sig"))
        # `json.dump(tokenizer.to_json(), file)` writes JSON in a JSON string.
        read = json.loads(read) if isinstance(read, str) else read
    except (OSError, ValueError) as error:
        raise ValueError(f"its word index {path.name} cannot be read ({error})") from error
    if isinstance(read, dict) and read.get("class_name") == "Tokenizer":
        return _of_tokenizer(read["config"], path)
    is_list = isinstance(read, list)
    if is_list:
        # `TextVectorization.get_vocabulary()`: the place in the list is the number; 0 is padding.
        read = {word: number for number, word in enumerate(read) if word != ""}
    words = checked_word_index(read, path.name)
    if len(words) == _IMDB_WORDS and all(words.get(word) == _IMDB[word] for word in _IMDB):
        raise ValueError(
            f"{path.name} is the index of keras.datasets.imdb, but its models take other numbers: "
            "load_data adds 3 to each and begins every text with 1, which is not done here"
        )
    unknown = {words[word] for word in _UNKNOWN if word in words}
    options = {"unknown": unknown.pop()} if len(unknown) == 1 else {}
    if card := _of_card(path, model):
        # A card that does not say these was made when there was no other way.
        defaults: dict[str, Any] = {
            "padding": "post",
            "truncating": "post",
            "unknown": words.get(UNKNOWN, 0),
        }
        options = {**defaults, **card}
    return Vocabulary(words, options, is_list=is_list)


def _below(num_words: int, words: dict[str, int]) -> dict[str, int]:
    """The words with numbers below `num_words`."""
    return {word: number for word, number in words.items() if number < num_words}


def _of_tokenizer(state: dict[str, Any], path: Path) -> Vocabulary:
    try:
        words = state["word_index"]
        words = json.loads(words) if isinstance(words, str) else dict(words)
        words = checked_word_index(words, path.name)
        cut = {key: state[key] for key in ("filters", "lower", "split", "char_level")}
        cut["filters"] = "".join(cut["filters"] or "")
        cut["lower"], cut["char_level"] = bool(cut["lower"]), bool(cut["char_level"])
        tokeniser = FilterTokeniser.from_options(cut)
        oov, num_words = state.get("oov_token"), state.get("num_words")
        unknown = DROP if oov is None else words[oov]
        kept = _below(num_words, words) if num_words else words
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is not a Keras Tokenizer ({error!r})") from error
    if state.get("analyzer") is not None:
        raise ValueError(f"{path.name} has an analyzer, which is code, and is not run here")
    return Vocabulary(kept, tokeniser.options() | {"unknown": unknown}, is_tokenizer=True)


def _of_card(path: Path, model: Path) -> dict[str, Any]:
    """The options of the card of the model folder that both files lie in; empty without one."""
    try:
        card = read_card(path.resolve().parent)
    except ModelError:
        return {}
    digests = {file_digest(path), file_digest(model)}
    return card.options if digests <= set(card.files.values()) else {}
