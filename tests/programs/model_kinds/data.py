"""Rows and texts to fit models to, and others that are meant to bring them down."""

import io

import numpy as np
import pandas as pd

#: How many rows a model is fitted to, and how many it is then asked about.
FITTED, ASKED = 400, 500

PORTS = ("Cork", "Kiel", "Oslo")

NUMBERS = ["age", "fare", "visits"]
COLUMNS = ["age", "fare", "sex", "port", "cabin", "alone", "visits", "name"]

_WORDS = {
    "negative": ["awful", "bad", "boring", "dull", "hate", "isn't", "poor", "worst", "weak"],
    "neutral": ["average", "okay", "plain", "so-so", "usual", "fair", "medium"],
    "positive": ["brilliant", "fine", "good", "great", "love", "nice", "superb", "wonderful"],
}
_COMMON = [
    "the",
    "film",
    "was",
    "a",
    "story",
    "and",
    "actors",
    "it",
    "not",
    "very",
    "I",
    "caf\u00e9",
]

#: Values that no row of the training has, some of them odd.
_ODD_FARES = [0.0, -3.5, 1e9, 1e-300, 0.1 + 0.2, -0.0, 1e16]
_ODD_PORTS = ["Lyon", 'Z\u00fcrich, "old"', "cork", "\U0001f6a2"]
_ODD_TEXTS = [
    " ",
    "?!",
    "GOOD \u0130stanbul \ufb01ne stra\u00dfe \u00c9T\u00c9",
    "e\u0301te\u0301 good\u00a0bad\u2028fine",
    "\U0001f642\U0001f642 good \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "bad " * 3000,
    "x" * 5000,
    "isn't  it\tgood_bad 12 3.5 don\u2019t",
    "\u4f60\u597d \u0928\u092e\u0938\u094d\u0924\u0947 good",
]


def people() -> pd.DataFrame:
    """The rows of the training, as `pandas.read_csv` gives them, with targets beside them.

    Values of `age` and `port` are missing.
    """
    return read(to_csv(_people(FITTED, seed=1)))


def asked(*, missing: bool = True, unknown: bool = True) -> pd.DataFrame:
    """Rows to ask a model about, as `pandas.read_csv` gives them.

    Their numbers are those of the training and the middles between them, where trees split, and
    some are extreme.

    Args:
        missing: whether values are missing.
        unknown: whether ports are among them that are not in the training.
    """
    rows = _people(ASKED, seed=2)[COLUMNS]
    random = np.random.default_rng(3)
    odd = random.random(ASKED) < 0.08
    rows.loc[odd, "fare"] = random.choice(_ODD_FARES, odd.sum())
    if unknown:
        odd = random.random(ASKED) < 0.1
        rows.loc[odd, "port"] = random.choice(_ODD_PORTS, odd.sum())
    if not missing:
        rows["age"] = rows["age"].fillna(30.25)
        rows["port"] = rows["port"].fillna("Oslo")
    return read(to_csv(rows))


def _people(count: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    step = 0.5 if seed == 1 else 0.25
    age = np.round(random.uniform(1, 80, count) / step) * step
    fare = np.round(random.lognormal(3, 1, count) / step) * step
    sex = random.choice(["male", "female"], count)
    port = random.choice(PORTS, count)
    visits = random.integers(0, 12, count)
    cabin = random.integers(1, 4, count)
    alone = random.random(count) < 0.5
    chance = (sex == "female") * 1.5 + (port == "Oslo") * 0.8 - age / 40 + fare / 60
    fate = chance + random.normal(0, 0.7, count) > 0.5
    third = np.where(fare > 40, "first", np.where(visits > 5, "second", "third"))
    frame = pd.DataFrame(
        {
            "age": np.where(random.random(count) < 0.2, np.nan, age),
            "fare": fare,
            "sex": sex,
            "port": pd.Series(port, dtype=object).where(random.random(count) > 0.1),
            "cabin": cabin,
            "alone": alone,
            "visits": visits,
            "name": random.choice(["Ms Ray", "Mr Poe", "Mr Lee the Elder", "Dr. O'Hara"], count),
        }
    )
    return frame.assign(
        fate=np.where(fate, "lived", "died"),
        rank=np.where(random.random(count) < 0.1, "second", third),
        price=np.maximum(fare * 1000 + age * 50 + random.normal(0, 500, count), 100),
    )


def tags(frame: pd.DataFrame) -> np.ndarray:
    """Three labels for each row, each 0 or 1: an array of n x 3."""
    return np.column_stack(
        [frame["fate"] == "lived", frame["fare"] > 20, (frame["visits"] > 5) | frame["alone"]]
    ).astype(int)


def to_csv(frame: pd.DataFrame) -> str:
    """The text of a CSV with all digits of the numbers."""
    return frame.to_csv(index=False)


def read(text: str) -> pd.DataFrame:
    """The frame of a CSV, as a script reads it; numbers are the nearest ones to their digits."""
    return pd.read_csv(io.StringIO(text), float_precision="round_trip")


def texts(classes: int = 2, seed: int = 1, count: int = FITTED) -> tuple[list[str], list[str]]:
    """Texts, and the class of each: `negative` and `positive`, `neutral` too, or topics."""
    random = np.random.default_rng(seed)
    if classes <= 3:
        names = [name for name in _WORDS if classes == 3 or name != "neutral"]
        words = {name: _WORDS[name] for name in names}
    else:
        words = {f"topic {at}": [f"word{at}{sign}" for sign in "abc"] for at in range(classes)}
    labels = [list(words)[at % len(words)] for at in range(count)]
    made = []
    for label in labels:
        own = random.choice(words[label], random.integers(1, 4))
        other = random.choice(words[random.choice(list(words))], 1)
        chosen = [*own, *other, *random.choice(_COMMON, random.integers(2, 8))]
        random.shuffle(chosen)
        made.append(" ".join(chosen).replace(" the", ", the") + random.choice(["", ".", "!!", "?"]))
    return made, labels


def asked_texts(classes: int = 2) -> pd.DataFrame:
    """Texts to ask a model about, in a column `text`."""
    found, _ = texts(classes, seed=2, count=ASKED - len(_ODD_TEXTS))
    return pd.DataFrame({"text": pd.Series([*found, *_ODD_TEXTS], dtype=object)})
