"""Generates texts from a model's own words, to test the model with."""

import numpy as np

#: The mean number of words of a text, and the shape parameter of its gamma distribution.
_MEAN_WORDS, _SHAPE = 18.0, 1.6

#: The share of words that are in no word index.
_UNKNOWN_SHARE = 0.05


def generated_texts(word_idx: dict[str, int], texts: int, seed: int = 0) -> list[str]:
    """Generate texts of natural length, with frequent, rare and unknown words, and capitals.

    The frequency of a word is proportional to 1 / (rank + 3), a Zipf-Mandelbrot law (Mandelbrot,
    1953). The rank of a word is the rank of its number.

    Args:
        word_idx: word -> number; frequent words should have low numbers.
        texts: the number of texts.
        seed: the seed of the random choices.
    """
    random = np.random.default_rng(seed)
    words = np.array(sorted(word_idx, key=word_idx.__getitem__), dtype=object)
    weights = 1 / (np.arange(len(words)) + 3)
    generated = []
    for length in 1 + random.gamma(_SHAPE, (_MEAN_WORDS - 1) / _SHAPE, texts).astype(int):
        chosen = random.choice(words, length, p=weights / weights.sum())
        chosen[random.random(length) < _UNKNOWN_SHARE] = "Zorgly"
        generated.append(" ".join(chosen).capitalize() + random.choice([".", "!", "?", ""]))
    return generated
