"""What `fast` learns of `deep`: its scores of many texts, most of them short.

A model of words and pairs knows a turn of phrase only where it has met it. `deep` scores 60,000
texts a second, so it can be asked about as many as there is room for (Hinton, Vinyals and Dean,
2015).
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

#: How many texts of a kind are asked about, at most.
SENTENCES, PARTS, COMPOSED = 130_000, 300_000, 220_000

#: The words of a part of a text, by how often, and the texts that each file gives for cutting.
_PART_WORDS = (2, 2, 3, 3, 4, 5, 6, 8)
_CUT = {
    "sentences": 120_000,
    "tweets": None,
    "sided_tweets": None,
    "graded": None,
    "composed": 30_000,
}

#: A word is one of judgement if its score is so far from the middle; it is shown in so many of the
#: frames. In all of them, pairs with such words leave no room for others.
_JUDGING, _FRAMES = 0.13, 24

#: Facts that each emoji and emoticon is put behind.
_FACTS = 40

#: The words of the shortest and of the longest sentence.
_SHORTEST, _LONGEST = 3, 40
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]*\s+")

_SEED = 1


def write_taught_files(
    folder: Path, model: Model, words: Iterable[str], kept_apart: Leaks
) -> list[Path]:
    """Write texts of five kinds with the model's scores of them.

    Args:
        folder: where `training.bundled.write_training_files` has written its files.
        model: the one that is asked.
        words: those that the model knows.
        kept_apart: texts that nothing may come near to.

    Returns:
        The files: `sentences` of long reviews; `parts` of texts; `framed` words of judgement;
        `more_composed` sentences, half of whose score is that of the rule that made them; `signs`:
        emoji and emoticons, alone and behind facts.
    """
    texts = {file.stem: _learnt(file) for file in sorted(folder.glob("*.csv"))}
    known = {text for some in texts.values() for text in some[TEXT]}
    chosen = random.Random(_SEED)  # noqa: S311  nothing here is secret
    sentences = sentences_of(texts["reviews"][TEXT])
    chosen.shuffle(sentences)
    pool = [
        text
        for name, most in _CUT.items()
        for text in (sentences if name == "sentences" else texts[name][TEXT].tolist())[:most]
    ]
    made = composed(COMPOSED, seed=_SEED)
    asked = {
        "sentences": sentences[:SENTENCES],
        "parts": _parts(pool, chosen),
        "framed": _framed(_of_judgement(model, words), chosen),
        "more_composed": made[TEXT].tolist(),
        "signs": _signs(made[TEXT][made["score"].between(0.45, 0.55)].tolist(), chosen),
    }
    rules = dict(zip(made[TEXT], made["score"], strict=True))
    files = []
    for name, some in asked.items():
        table = pd.DataFrame({TEXT: [text for text in some if text not in known]})
        table = table[~kept_apart.among(table[TEXT])]
        table["score"] = _scores(model, table[TEXT].tolist())
        if name == "more_composed":
            table["score"] = (table["score"] + table[TEXT].map(rules)) / 2
        files.append(folder / f"{name}.csv")
        table.round({"score": 4}).assign(split=TRAIN).to_csv(files[-1], index=False)
    return files


def sentences_of(reviews: Iterable[str]) -> list[str]:
    """The sentences of long reviews, but for very short and very long ones; sorted, none twice."""
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


def _parts(texts: Sequence[str], chosen: random.Random) -> list[str]:
    """Runs of a few words, from anywhere in the texts."""
    found: set[str] = set()
    for _ in range(2 * PARTS):
        words, length = chosen.choice(texts).split(), chosen.choice(_PART_WORDS)
        if len(words) >= length:
            begin = chosen.randrange(len(words) - length + 1)
            found.add(" ".join(words[begin : begin + length]))
        if len(found) == PARTS:
            break
    return sorted(found)


def _of_judgement(model: Model, words: Iterable[str]) -> list[str]:
    whole = [word for word in words if word.isalpha() and len(word) > 1]
    far = np.abs(_scores(model, whole) - 0.5) > _JUDGING
    return [whole[at] for at in np.flatnonzero(far)]


def _framed(words: Sequence[str], chosen: random.Random) -> list[str]:
    things = [thing for field in LISTS["things"].values() for thing in field]
    framed = {
        frame.format(w=word, o=chosen.choice(words), thing=chosen.choice(things))
        for word in words
        for frame in chosen.sample(LISTS["frames"], _FRAMES)
    }
    return sorted(framed)


def _signs(facts: Sequence[str], chosen: random.Random) -> list[str]:
    found: set[str] = set()
    for sign in (sign for signs in MEANT.values() for sign in signs.split()):
        found.update((sign, 2 * sign, 3 * sign))
        found.update(f"{fact.rstrip('.?!')} {sign}" for fact in chosen.sample(facts, _FACTS))
    return sorted(found)
