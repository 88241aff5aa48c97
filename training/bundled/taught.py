"""Writes the texts, mostly short, from which `fast` learns the scores of `deep`.

A model of words and word pairs only knows phrases that it has seen. `deep` scores 60,000 texts per
second, so it can label a very large number of them (knowledge distillation; Hinton, Vinyals and
Dean, 2015).
"""

import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model
from training.bundled.composed import composed
from training.bundled.leaks import Leaks
from training.bundled.lexicon import LISTS
from training.data import TRAIN
from training.emoji import MEANT

#: The maximum number of texts of each kind.
SENTENCES, PARTS, COMPOSED = 130_000, 300_000, 220_000

#: The lengths in words of parts of texts; a length that occurs twice is drawn twice as often.
_PART_WORDS = (2, 2, 3, 3, 4, 5, 6, 8)

#: Source -> the maximum number of its texts that parts are cut from; None means all.
_CUT = {
    "sentences": 120_000,
    "tweets": None,
    "sided_tweets": None,
    "graded": None,
    "composed": 30_000,
}

#: A word expresses a judgement if its score is at least this far from 0.5. It is put into this many
#: of the frames; with all frames, pairs with such words would fill the vocabulary.
_JUDGING, _FRAMES = 0.13, 24

#: The number of facts that each emoji and emoticon is appended to.
_FACTS = 40

#: The minimum and maximum number of words of a sentence.
_SHORTEST, _LONGEST = 3, 40
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]*\s+")

_SEED = 1


def write_taught_files(
    folder: Path, model: Model, words: Iterable[str], protected: Leaks
) -> list[Path]:
    """Write texts of five kinds with the model's scores.

    Args:
        folder: the folder with the files of `training.bundled.__main__.write_training_files`; the
            new files are written there too.
        model: the teacher, which scores the texts.
        words: the words that the model knows.
        protected: protected texts; similar texts are dropped.

    Returns:
        The paths of the new files: `sentences` of long reviews; `parts` of texts; `framed` words of
        judgement; `more_composed` sentences, with the mean of the model's score and of the score of
        their rules; `signs`: emoji and emoticons, alone and after facts.
    """
    texts = {file.stem: _learnt(file) for file in sorted(folder.glob("*.csv"))}
    known = {text for some in texts.values() for text in some[TEXT]}
    random_source = random.Random(_SEED)  # noqa: S311  nothing here is secret
    sentences = sentences_of(texts["reviews"][TEXT])
    random_source.shuffle(sentences)
    pool = [
        text
        for name, most in _CUT.items()
        for text in (sentences if name == "sentences" else texts[name][TEXT].tolist())[:most]
    ]
    made = composed(COMPOSED, seed=_SEED)
    to_score = {
        "sentences": sentences[:SENTENCES],
        "parts": _parts(pool, random_source),
        "framed": _framed(_of_judgement(model, words), random_source),
        "more_composed": made[TEXT].tolist(),
        "signs": _signs(made[TEXT][made["score"].between(0.45, 0.55)].tolist(), random_source),
    }
    rules = dict(zip(made[TEXT], made["score"], strict=True))
    files = []
    for name, texts_of_kind in to_score.items():
        table = pd.DataFrame({TEXT: [text for text in texts_of_kind if text not in known]})
        table = table[~protected.among(table[TEXT])]
        table["score"] = _scores(model, table[TEXT].tolist())
        if name == "more_composed":
            table["score"] = (table["score"] + table[TEXT].map(rules)) / 2
        files.append(folder / f"{name}.csv")
        table.round({"score": 4}).assign(split=TRAIN).to_csv(files[-1], index=False)
    return files


def sentences_of(reviews: Iterable[str]) -> list[str]:
    """The distinct sentences of reviews, sorted, without very short and very long ones."""
    return sorted(
        {
            sentence.strip()
            for review in reviews
            for sentence in _SENTENCE_END.split(review)
            if _SHORTEST <= sentence.count(" ") + 1 <= _LONGEST
        }
    )


def _learnt(file: Path) -> pd.DataFrame:
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return table[table["split"] == TRAIN]


def _scores(model: Model, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    return model.score(pd.DataFrame({TEXT: texts}))[SCORE].to_numpy(dtype=np.float64)


def _parts(texts: Sequence[str], random_source: random.Random) -> list[str]:
    """Cut runs of a few words from random places in the texts."""
    found: set[str] = set()
    for _ in range(2 * PARTS):
        words, length = random_source.choice(texts).split(), random_source.choice(_PART_WORDS)
        if len(words) >= length:
            begin = random_source.randrange(len(words) - length + 1)
            found.add(" ".join(words[begin : begin + length]))
        if len(found) == PARTS:
            break
    return sorted(found)


def _of_judgement(model: Model, words: Iterable[str]) -> list[str]:
    whole = [word for word in words if word.isalpha() and len(word) > 1]
    far = np.abs(_scores(model, whole) - 0.5) > _JUDGING
    return [whole[at] for at in np.flatnonzero(far)]


def _framed(words: Sequence[str], random_source: random.Random) -> list[str]:
    things = [thing for field in LISTS["things"].values() for thing in field]
    framed = {
        frame.format(w=word, o=random_source.choice(words), thing=random_source.choice(things))
        for word in words
        for frame in random_source.sample(LISTS["frames"], _FRAMES)
    }
    return sorted(framed)


def _signs(facts: Sequence[str], random_source: random.Random) -> list[str]:
    found: set[str] = set()
    for sign in (sign for signs in MEANT.values() for sign in signs.split()):
        found.update((sign, 2 * sign, 3 * sign))
        found.update(f"{fact.rstrip('.?!')} {sign}" for fact in random_source.sample(facts, _FACTS))
    return sorted(found)
