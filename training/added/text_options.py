"""Decides how texts become rows of word numbers for a user's Keras model, and guesses nothing."""

from collections.abc import Mapping
from typing import Any

from scoring.networks.filtered_words import DEFAULT_FILTERS, FilterTokeniser
from scoring.networks.standardised_words import StandardisedTokeniser
from scoring.networks.text import DROP, Tokeniser
from shared.errors.input import BadOption
from training.added.vocabulary_file import Vocabulary

#: What must be known -> what it means, and an example. The examples together are the defaults of
#: Keras's `Tokenizer()` and `pad_sequences()`. The second one, where it differs, is that of
#: `TextVectorization()`.
_NEEDED = {
    "words": (
        "how texts are cut: --tokenizer, --filters with --lower, --standardize, or --token-pattern",
        "--filters default --lower",
        "--standardize lower_and_strip_punctuation",
    ),
    "unknown": (
        "the number of a word that is not in the index, or drop to leave it out: --unknown",
        "--unknown drop",
        "--unknown 1",
    ),
    "max_length": (
        "how many words the model reads: --max-length N",
        "--max-length 100",
        "--max-length 100",
    ),
    "padding": (
        "where zeros fill up a short text: --padding pre or post",
        "--padding pre",
        "--padding post",
    ),
    "truncating": (
        "which end of a long text is cut off: --truncating pre or post",
        "--truncating pre",
        "--truncating post",
    ),
}

#: The options of which each says how a text is cut.
_CUTTING = ("token_pattern", "filters", "standardize")


def text_options(given: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Join what the user gave with what the vocabulary's file determines.

    Args:
        given: the options of `training.added.meaning.Meaning`; those that are None are not given.
        vocabulary: the words and their file's options.

    Returns:
        Options for the card; some may be missing: see `check_determined`.

    Raises:
        shared.errors.input.BadOption: an option contradicts another one, or the file.
    """
    cutting = {
        key: given[key]
        for key in (*_CUTTING, "lower", "unknown", "num_words")
        if given.get(key) is not None
    }
    if vocabulary.is_tokenizer:
        for key, value in cutting.items():
            raise BadOption(option=key, value=value, reason="the tokenizer's file determines it")
    options = dict(vocabulary.options)
    if cutting.keys() & set(_CUTTING):
        for key in (*_CUTTING, "replace", "lower", "split", "char_level"):
            options.pop(key, None)
        options |= _cutting(cutting)
    if "unknown" in cutting:
        options["unknown"] = _unknown(cutting["unknown"])
    for key in ("max_length", "padding", "truncating"):
        if given.get(key) is not None:
            options[key] = given[key]
    return options


def _cutting(given: Mapping[str, Any]) -> dict[str, Any]:
    if "standardize" in given:
        for key in given.keys() & {"filters", "lower", "token_pattern"}:
            reason = "--standardize says all about cutting, as in TextVectorization"
            raise BadOption(option=key, value=given[key], reason=reason)
        return StandardisedTokeniser.from_options(dict(given)).options()
    if "token_pattern" in given:
        for key in given.keys() & {"filters", "lower"}:
            reason = "--token-pattern cuts a lower-cased text, without filters"
            raise BadOption(option=key, value=given[key], reason=reason)
        return Tokeniser(given["token_pattern"]).options()
    if "lower" not in given:
        return {}
    filters = DEFAULT_FILTERS if given["filters"] == "default" else given["filters"]
    return FilterTokeniser(filters, given["lower"]).options()


def _unknown(text: str | int) -> str | int:
    if text == DROP:
        return DROP
    try:
        return int(text)
    except ValueError as error:
        raise BadOption(option="unknown", value=text, reason="write a number, or drop") from error


def check_determined(
    options: Mapping[str, Any], length: int | None, *, skips_zeros: bool, is_list: bool = False
) -> None:
    """Check that the options determine the row of numbers of each text.

    Args:
        options: the options from `text_options`.
        length: the length of the model's input; None if it is variable.
        skips_zeros: the model skips zeros wherever they are, so their side does not matter.
        is_list: the words are a list, as `TextVectorization.get_vocabulary()` gives it.

    Raises:
        ValueError: something is not determined; the message says which options to give.
    """
    known = set(options)
    known |= {"words"} if known & set(_CUTTING) else set()
    known |= {"max_length"} if length else set()
    known |= {"padding"} if skips_zeros else set()
    missing = [_NEEDED[key] for key in _NEEDED if key not in known]
    if missing:
        means, *both = zip(*missing, strict=True)
        examples = both[is_list]
        usual = "TextVectorization()" if is_list else "Tokenizer() and pad_sequences()"
        raise ValueError(
            "a guess would give wrong scores, and neither its files nor the options say "
            f"{'; '.join(means)}. For Keras's {usual}, with the defaults, "
            f"add: {' '.join(examples)}"
        )
