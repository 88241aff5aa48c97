"""Texts made of a model's own words, to try it on."""

import numpy as np

#: The mean words of a text, and the shape of the gamma distribution that they follow.
_MEAN_WORDS, _SHAPE = 18.0, 1.6

#: The words that follow each other in a text, by how often; each 20th word is in no word index.
_UNKNOWN_SHARE = 0.05


def made_texts(word_idx: dict[str, int], texts: int, seed: int = 0) -> list[str]:
    """Texts of natural length, with frequent and rare words, capitals, and words nobody knows.

    A word's frequency is 1 / (its rank + 3), Zipf's law; its rank is that of its number.
    """
    random = np.random.default_rng(seed)
    words = np.array(sorted(word_idx, key=word_idx.__getitem__), dtype=object)
    weights = 1 / (np.arange(len(words)) + 3)
    made = []
    for length in 1 + random.gamma(_SHAPE, (_MEAN_WORDS - 1) / _SHAPE, texts).astype(int):
        chosen = random.choice(words, length, p=weights / weights.sum())
        chosen[random.random(length) < _UNKNOWN_SHARE] = "Zorgly"
        made.append(" ".join(chosen).capitalize() + random.choice([".", "!", "?", ""]))
    return made
