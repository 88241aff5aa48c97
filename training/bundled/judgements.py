"""The rules by which a judgement changes when it is negated, strengthened, doubted or compared."""

from collections.abc import Callable

from training.bundled.lexicon import LISTS


def _by_strength(*values: float) -> Callable[[float], float]:
    """A rule with one value for each of the four strengths of praise and blame."""
    return lambda judged: values[sum(abs(judged) > least for least in (0.5, 0.75, 0.9))]


#: Name of a rule -> function from a judgement in -1..1 to the changed judgement.
RULES: dict[str, Callable[[float], float]] = {
    "plain": lambda judged: judged,
    "strong": lambda judged: (1 if judged > 0 else -1) * min(1.0, 0.25 + 0.85 * abs(judged)),
    "weak": lambda judged: 0.6 * judged,
    "not good": _by_strength(-0.4, -0.55, -0.45, -0.2),
    "not bad": _by_strength(0.2, 0.3, 0.15, 0.1),
    "not good at all": _by_strength(-0.7, -0.75, -0.75, -0.7),
    "not bad at all": _by_strength(0.4, 0.5, 0.45, 0.4),
    "not very good": _by_strength(-0.4, -0.5, -0.45, -0.4),
    "not very bad": _by_strength(0.12, 0.15, 0.1, 0.1),
    "anything but good": _by_strength(-0.6, -0.7, -0.65, -0.55),
    "anything but bad": _by_strength(0.4, 0.5, 0.5, 0.5),
    "less good": _by_strength(-0.35, -0.45, -0.4, -0.3),
    "less bad": _by_strength(0.2, 0.25, 0.2, 0.15),
    "only wished": _by_strength(-0.3, -0.4, -0.4, -0.4),
    "only feared": _by_strength(0.25, 0.35, 0.35, 0.35),
    "asked": lambda judged: 0.08 * judged,
}

_Patterns = list[tuple[str, list[str]]]


def _patterns(*names: str) -> _Patterns:
    return [pattern for name in names for pattern in LISTS[name].items()]


#: Side (1: praise, -1: blame) -> (name of a rule, sentence patterns). The two plain patterns occur
#: twice, because most judgements are plain.
PATTERNS: dict[int, _Patterns] = {
    1: _patterns("of_both", "of_praise") + _patterns("of_both")[:2],
    -1: _patterns("of_both", "of_blame") + _patterns("of_both")[:2],
}
