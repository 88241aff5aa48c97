"""Composes sentences from parts, with scores that follow from the rules of composition.

Labelled texts have few phrases such as "not bad at all", and few about batteries or waiters. Here
rules define how a judgement changes when it is negated, strengthened, doubted or contrasted. The
rules and their values were written for Scorelane.
"""

import random
import re
from collections.abc import Callable

import pandas as pd

from shared.model import TEXT
from training.bundled.judgements import PATTERNS, RULES
from training.bundled.lexicon import LISTS, by_strength

_PRAISE, _BLAME, _SAID = by_strength("praise"), by_strength("blame"), by_strength("said")
_LIKE, _DISLIKE = by_strength("like"), by_strength("dislike")

#: Form of sentence -> its share.
_FORMS = {"judgement": 0.46, "contrast": 0.17, "feeling": 0.1, "said": 0.12, "fact": 0.15}

_HAPPY = ("😀", "😊", "👍", "🎉", "🙂", ":)", ":-)", "😁", "👏", "💯", "🔥")
_LOVING = ("😍", "❤", "🥰", "<3", "😘")
_UNHAPPY = ("😞", "😢", "👎", "😡", ":(", ":-(", "😠", "💩", "😭", "😴", "🙄")

_PERSONS = (
    ("I", "am"),
    ("I", "am"),
    ("We", "are"),
    ("She", "is"),
    ("He", "is"),
    ("They", "are"),
    ("{name}", "is"),
)


def composed(sentences: int, seed: int = 0) -> pd.DataFrame:
    """Compose distinct sentences; the same seed gives the same sentences.

    Returns:
        A frame with `sentences` rows: `text`, and `score` in 0..1.
    """
    composer = _Composer(seed)
    found: dict[str, float] = {}
    while len(found) < sentences:
        text, value = composer.sentence()
        found.setdefault(text, round(min(0.98, max(0.02, (value + 1) / 2)), 3))
    return pd.DataFrame({TEXT: list(found), "score": list(found.values())})


class _Composer:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  nothing here is secret

    def sentence(self) -> tuple[str, float]:
        """Compose one sentence; returns it with its judgement in -1..1."""
        form = self._random.choices(list(_FORMS), list(_FORMS.values()))[0]
        makers: dict[str, Callable[[], tuple[str, float]]] = {
            "judgement": self._judgement,
            "contrast": self._contrast,
            "feeling": self._feeling,
            "said": self._said,
            "fact": self._fact,
        }
        text, value = makers[form]()
        return self._written(text, value)

    def _judgement(self, side: int = 0, thing: str = "") -> tuple[str, float]:
        side = side or self._random.choice((1, -1))
        rule, patterns = self._random.choice(PATTERNS[side])
        pattern = self._random.choice(patterns)
        strength, word = self._adjective(side, single="{adj1}" in pattern)
        text = pattern.replace("{adj1}", word).replace("{adj}", word)
        return self._filled(text, thing), RULES[rule](side * strength)

    def _simple(self, side: int, thing: str = "") -> tuple[str, float]:
        """Compose a judgement that keeps its side, without "but": one half of a contrast."""
        while True:
            text, value = self._judgement(side, thing)
            if value * side > 0.25 and not re.search(r"[.?!]|\bbut\b", text):
                return text, value

    def _contrast(self) -> tuple[str, float]:
        side = self._random.choice((1, -1))
        if self._random.random() < 0.25:
            (first, a), (second, b) = self._simple(side), self._simple(side)
            joined = self._random.choice(("{0} and {1}", "{0}, and {1}", "{0}. {1}", "{0}; {1}"))
            return joined.format(first, _lowered(second)), max(-1.0, min(1.0, 0.6 * (a + b)))
        (weak, a), (strong, b) = self._simple(-side), self._simple(side)
        pattern = self._random.choice(LISTS["contrasts"])
        weak, lowered = (_lowered(text) for text in (weak, strong))
        text = pattern.format(a=weak, b=lowered, B=strong)
        return text[0].upper() + text[1:], 0.25 * a + 0.75 * b

    def _feeling(self) -> tuple[str, float]:
        side = self._random.choice((1, -1))
        strength, verbs = self._random.choice(list((_LIKE if side > 0 else _DISLIKE).items()))
        now, past = self._random.choice(verbs).split("/")
        what = self._random.choice(
            ("it", "{the} {thing}", "{the} {thing}", "this {thing}", "that {thing}")
        )
        who = self._random.choice(("I", "I", "We", "They", "My wife and I", "My friends"))
        variant = self._random.random()
        if variant < 0.4:
            no = self._random.choice(LISTS["refusals"])
            value = -0.6 + 0.4 * (strength - 0.6) if side > 0 else 0.2
            return self._filled(f"{who} {no.format(now, past)} {what}"), value
        more, gain = self._random.choice(
            (("", 0.0), ("really ", 0.1), ("absolutely ", 0.15), ("quite ", -0.15), ("still ", 0.0))
        )
        verb = now if variant < 0.7 else past
        return self._filled(f"{who} {more}{verb} {what}"), side * min(1.0, strength + gain)

    def _said(self) -> tuple[str, float]:
        value = self._random.choice(list(_SAID))
        return self._filled(self._random.choice(_SAID[value])), value

    def _fact(self) -> tuple[str, float]:
        return self._filled(self._random.choice(LISTS["facts"])), 0.0

    def _adjective(self, side: int, *, single: bool) -> tuple[float, str]:
        lists = _PRAISE if side > 0 else _BLAME
        while True:
            strength = self._random.choices((0.35, 0.62, 0.85, 0.97), (1, 5, 3, 1))[0]
            word = self._random.choice(lists[strength])
            if not single or not re.match(
                r"(?:a|an|the|not|very|really|out|beyond|second|simply|first|absolutely) ", word
            ):
                return strength, word

    def _filled(self, pattern: str, thing: str = "") -> str:
        pick = self._random.choice
        if "{thing}" in pattern:
            pattern = pattern.replace(
                "{thing}", thing or pick(LISTS["things"][pick(list(LISTS["things"]))])
            )
        if "{it}" in pattern:
            subject = pick(
                (
                    "it",
                    "it",
                    "this",
                    "that",
                    "{the} {thing}",
                    "{the} {thing}",
                    "{the} {thing}",
                    "everything",
                )
            )
            return self._filled(pattern.replace("{it}", subject), thing)
        if "{who} " in pattern:
            who, be = pick(_PERSONS)
            pattern = pattern.replace("{who} {be}", f"{who} {be}").replace("{who} ", "I ")
        for slot, choices in (("{the}", "the"), ("{name}", "names"), ("{day}", "days")):
            while slot in pattern:
                pattern = pattern.replace(slot, pick(LISTS[choices]), 1)
        while "{n}" in pattern:
            pattern = pattern.replace("{n}", str(self._random.randint(1, 40)), 1)
        return pattern[0].upper() + pattern[1:]

    def _written(self, text: str, value: float) -> tuple[str, float]:
        """Vary contractions, punctuation, emoji and capitals, as different writers do."""
        chance = self._random.random
        if chance() < 0.6:
            for long, short in LISTS["contractions"].items():
                text = text.replace(long, short)
        if chance() < 0.12 and abs(value) > 0.2:
            text = f"{self._random.choice(LISTS['asides'])} {_lowered(text)}"
        if text[-1] not in "?!":
            text += self._random.choices((".", "", "!", "..."), (6, 3, 1, 0.3))[0]
            value = max(-1.0, min(1.0, value * 1.1)) if text[-1] == "!" else value
        if chance() < 0.1:
            sign = self._random.choice(_HAPPY + _LOVING if value >= 0 else _UNHAPPY)
            if abs(value) < 0.1 and chance() < 0.5:
                sign = self._random.choice(_UNHAPPY)
            text, value = f"{text} {sign}", 0.6 * value + (0.4 if sign not in _UNHAPPY else -0.4)
        form = chance()
        if form < 0.12:
            text = text.lower()
        elif form < 0.15:
            text = text.upper()
        elif form < 0.18:
            text = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
        return text, value


def _lowered(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if first in ("I", "I'm", *LISTS["names"]) else text[0].lower() + text[1:]
