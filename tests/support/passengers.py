"""A small table of people, as of a passenger list, with texts, numbers, booleans and gaps."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROWS = 80

_RANDOM = np.random.default_rng(0)


def _with_gaps(values):
    return pd.Series(values).where(_RANDOM.random(ROWS) > 0.2)


#: No step reads `ticket`. Numbers of `age` and words of `deck` are missing.
PASSENGERS = pd.DataFrame(
    {
        "ticket": range(ROWS),
        "sex": pd.Series(_RANDOM.choice(["male", "female"], ROWS), dtype=object),
        "age": _with_gaps(_RANDOM.integers(1, 80, ROWS).astype(float)),
        "cabin": _RANDOM.integers(1, 4, ROWS),
        "alone": _RANDOM.random(ROWS) < 0.5,
        "fare": _RANDOM.random(ROWS) * 100,
        "name": pd.Series(_RANDOM.choice(["Ms Ray", "Mr Poe", "Mr Lee"], ROWS), dtype=object),
        "deck": _with_gaps(_RANDOM.choice(["A", "B"], ROWS)).astype(object),
    }
)
NUMBERS = PASSENGERS[["cabin", "fare"]].astype(float)

FATES = _RANDOM.choice(["died", "lived"], ROWS)
PORTS = _RANDOM.choice(["north", "south", "west"], ROWS)
PRICES = _RANDOM.random(ROWS) * 1e5
#: Three labels that may all be true, and two outputs of several classes.
TAGS = _RANDOM.integers(0, 2, (ROWS, 3))
BOTH = np.column_stack([FATES, PORTS])


def columns() -> ColumnTransformer:
    """Steps for each of the columns, not fitted."""
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "fare"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["sex", "deck"]),
            ("codes", OneHotEncoder(), ["cabin", "alone"]),
            ("text", TfidfVectorizer(), "name"),
        ]
    )
