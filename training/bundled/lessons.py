"""Trains the teacher and collects its lessons: opinions of texts, and word vectors."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from shared.model import TEXT
from training.bundled.encoder import Encoder
from training.bundled.taught import sentences_of
from training.data import TRAIN
from training.deciles import possible_deciles
from training.opinions import Lessons, Opinions
from training.vocabulary import frequent_words

#: File -> the maximum number of its rows that the teacher learns from. The sum is limited by the
#: training time. The teacher does not learn from other files.
_ROWS = {
    "sst_sentences": 9_000,
    "sst_phrases": 27_000,
    "snippets": 8_000,
    "graded": 13_000,
    "tweets": 9_000,
    "reviews": 3_000,
}

#: The maximum share of neutral phrases: most phrases are neutral.
_NEUTRAL_SHARE = 0.22

#: The number of words read from the end of a long review, which usually sums it up.
_LAST_WORDS = 50

#: The number of sentences of long reviews that the teacher scores.
_SENTENCES = 60_000

#: The number of words with vectors, and how many of them come from the texts. The others are
#: English words in the encoder's vocabulary.
WORDS, _WORDS_OF_TEXTS = 31_000, 18_000

#: Frames in which the teacher scores each word, besides the word alone.
_FRAMES = (
    "very {0}", "it is {0}", "not {0}", "a {0}", "the {0} is good", "the {0} is bad", "{0} and {1}",
    "I {0} it", "so {0}!", "the {1} was {0}", "{1} {0}", "what a {0}", "no {0}", "too {0}",
    "without {0}", "{0} but {1}", "they {0} us", "my {1} is {0}",
)  # fmt: skip

Progress = Callable[[str, float], None]


def lessons_of(
    frame: pd.DataFrame, more_texts: Sequence[str], *, size: int, seed: int, progress: Progress
) -> Lessons:
    """Train a teacher on labelled texts, and let it score these and other texts.

    Args:
        frame: labelled rows, as `training.data.split` returns them; only `train` rows are used.
        more_texts: texts without labels.
        size: the number of elements of a word's vector.
        seed: the seed of all random choices.
        progress: called with the current step and the share of the work that is done, 0..1.
    """
    random = np.random.default_rng(seed)
    train = frame[frame["split"] == TRAIN]
    encoder = Encoder(seed)
    learnt = _learnt(train, seed)
    encoder.fit(
        learnt[TEXT].tolist(), possible_deciles(learnt), lambda done: progress("teaching", done / 2)
    )
    words = _words(train, encoder.words())
    texts = [
        *train.loc[train["source"] != "reviews", TEXT],
        *_sample(sentences_of(train.loc[train["source"] == "reviews", TEXT]), random),
        *more_texts,
        *_framed([word for word in words if word.isalpha()], random),
    ]
    texts = list(dict.fromkeys(texts))
    shares = encoder.shares(texts, lambda done: progress("asking the teacher", (1 + done) / 2))
    return Lessons(
        Opinions(texts, shares), dict(zip(words, encoder.vectors(words, size), strict=True))
    )


def _learnt(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Select the rows that the teacher learns from."""
    tables = []
    for source, rows in _ROWS.items():
        table = train[train["source"] == source]
        if source == "reviews":
            table = table.assign(**{TEXT: [_ending(text) for text in table[TEXT]]})
        if source == "sst_phrases":
            neutral = (table["score"] - 0.5).abs() <= 0.1
            some = min(int(rows * _NEUTRAL_SHARE), int(neutral.sum()))
            tables.append(table[neutral].sample(some, random_state=seed))
            table, rows = table[~neutral], rows - some  # noqa: PLW2901  the rest of this file
        tables.append(table.sample(min(rows, len(table)), random_state=seed))
    return pd.concat(tables, ignore_index=True)


def _ending(review: str) -> str:
    return " ".join(review.split()[-_LAST_WORDS:])


def _words(train: pd.DataFrame, known: Sequence[str]) -> list[str]:
    ranked = frequent_words(train)
    words = dict.fromkeys([*ranked[:_WORDS_OF_TEXTS], *known])
    return list(words | dict.fromkeys(ranked))[:WORDS]


def _sample(sentences: list[str], random: np.random.Generator) -> list[str]:
    return [sentences[at] for at in random.permutation(len(sentences))[:_SENTENCES]]


def _framed(words: list[str], random: np.random.Generator) -> list[str]:
    """Each word alone, and each once in a random frame, together with a mostly frequent word."""
    others = (len(words) * random.random(len(words)) ** 2).astype(int)
    frames = random.integers(0, len(_FRAMES), len(words))
    framed = [
        _FRAMES[frame].format(word, words[other])
        for word, frame, other in zip(words, frames, others, strict=True)
    ]
    return [*words, *framed]
