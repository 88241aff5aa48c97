"""Turns Treebank-tokenised text ("it 's `` not bad '' .") into text as people write it."""

import re

#: The rules, applied in this order. They undo the Penn Treebank's tokenisation (Marcus, Santorini
#: and Marcinkiewicz, 1993), which the Stanford Sentiment Treebank uses too.
_RULES = [
    (re.compile(r"\s*``\s*"), ' "'),
    (re.compile(r"\s*''"), '"'),
    (re.compile(r"(?:^|(?<=\s))`\s*"), "'"),
    (re.compile(r"\s+(n't|'(?:s|re|ve|ll|d|m|S)\b)"), r"\1"),
    (re.compile(r"\b([Cc])an not\b"), r"\1annot"),
    (re.compile(r"\s+'(?=\s|$)"), "'"),
    (re.compile(r"\s+([.,;:!?%)\]]|\.\.\.)"), r"\1"),
    (re.compile(r"([(\[$#])\s+"), r"\1"),
    (re.compile(r"\b(gon|wan|got) (na|ta)\b"), r"\1\2"),
    (re.compile(r"\s+"), " "),
]


def detokenise(text: str) -> str:
    """Undo the Penn Treebank's tokenisation: `do n't` -> `don't`, ``good '' .`` -> `good".`."""
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return text.strip()
