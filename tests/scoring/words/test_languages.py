"""Texts that look like another language than that of a model's vocabulary."""

import numpy as np
import pytest

from scoring.words.languages import Languages

ENGLISH = ["this that with have from they would there what good film story made, their"]
CHINESE = ["这部电影", "真的", "很棒", "演员", "非常", "故事", "不好"]


def other(languages: Languages, text: str, words: int = 1, known: int = 0) -> bool:
    return bool(languages.other([text], np.array([words]), np.array([known]))[0])


@pytest.mark.parametrize(
    ("text", "is_other"),
    [
        ("这部电影真的很棒", True),
        ("Фильм был очень хороший!", True),
        ("この映画は本当に素晴らしい。", True),
        ("the film 很 was long and quite good, they say", False),
        ("d\u00e9j\u00e0 vu, na\u00efve, \u00c5ngstr\u00f6m", False),
        ("\U0001f642\U0001f642\U0001f642 \u2764\ufe0f", False),
        ("1234 !!!", False),
        ("", False),
    ],
)
def test_a_text_in_another_script(text: str, is_other: bool) -> None:
    """More than a third of its characters are letters that an English vocabulary does not use."""
    assert other(Languages(ENGLISH, None), text) is is_other


def test_a_model_of_another_script() -> None:
    """For a Chinese model, Chinese is its language, and English is another one."""
    languages = Languages(CHINESE, None)
    assert not other(languages, "这部电影真的很棒")
    assert other(languages, "a good film")


@pytest.mark.parametrize(
    ("words", "known", "is_other"), [(10, 4, True), (10, 5, False), (4, 0, False), (0, 0, False)]
)
def test_far_fewer_known_words_than_usual(words: int, known: int, is_other: bool) -> None:
    """With five words or more, less than 0.6 of the usual share of known words is far below."""
    assert other(Languages(ENGLISH, 0.8), "x", words, known) is is_other
    assert not other(Languages(ENGLISH, None), "x", words, known)
