"""From Treebank-tokenised text ("it 's `` not bad '' .") to text as people write it."""

import re

#: Applied in order. The Stanford Sentiment Treebank's texts are written in this form.
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
    """Undo the Penn Treebank's tokenising: `do n't` -> `don't`, ``good '' .`` -> `good".`."""
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return text.strip()
