"""A frame of numbers and words with gaps, and fitted transformers of its columns."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from scoring.tables.faster import faster_table

NUMBERS = ["age", "fare", "rooms"]
WORDS = ["sex", "port"]


def people(count: int = 300, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 20, count),
            "fare": random.exponential(30, count),
            "rooms": random.integers(1, 6, count),
            "sex": pd.Series(random.choice(["female", "male"], count), dtype=object),
            "port": pd.Series(random.choice(["S", "C", "Q", ""], count), dtype=object),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "port"] = np.nan
    return frame


TRAINED = people()
CLASSES = ((TRAINED["fare"] > 25) ^ (TRAINED["sex"] == "male")).astype(int)

TRANSFORMERS: dict[str, Any] = {
    "sparse": make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=True), WORDS),
        sparse_threshold=1.0,
    ),
    "dense": make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler(clip=True)), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), WORDS),
    ),
    "imputed words": make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), WORDS),
        (RobustScaler(), NUMBERS),
    ),
    "constant words": make_column_transformer(
        (
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="none"),
                OneHotEncoder(drop="first", sparse_output=False),
            ),
            WORDS,
        ),
        remainder="drop",
    ),
    "numbers of categories": make_column_transformer(
        (OrdinalEncoder(), ["port", "rooms"]), (MaxAbsScaler(), ["fare"])
    ),
    "unknown categories have a number": make_column_transformer(
        (
            make_pipeline(
                OrdinalEncoder(
                    handle_unknown="use_encoded_value",
                    unknown_value=-1,
                    encoded_missing_value=-2,
                ),
                StandardScaler(),
            ),
            WORDS,
        ),
        remainder="passthrough",
    ),
    "binary categories dropped": make_column_transformer(
        (OneHotEncoder(drop="if_binary", handle_unknown="ignore"), [*WORDS, "rooms"]),
        ("passthrough", ["fare"]),
    ),
    "a function of the user's": make_column_transformer(
        (FunctionTransformer(np.log1p), ["fare"]),
        (StandardScaler(with_mean=False), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), ["sex"]),
    ),
    "whole numbers stay": make_column_transformer(
        ("passthrough", ["rooms"]), (OneHotEncoder(), ["sex"]), sparse_threshold=0
    ),
    "selected by place": ColumnTransformer(
        [("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(), slice(3, 4)), ("c", "drop", [4])]
    ),
}


FITTED = {name: one.fit(TRAINED) for name, one in TRANSFORMERS.items()}
FAST = {
    name: faster_table(make_pipeline(one, LogisticRegression().fit([[0.0], [1.0]], [0, 1])))
    for name, one in FITTED.items()
}
