"""Models as other versions of scikit-learn saved them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import diags
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import make_pipeline

from scoring.saved.parts import all_parts
from scoring.sklearn_model import SklearnModel
from shared.card import write_card
from shared.model import load_model

GOOD = ["good", "a good film", "very good caf\u00e9", "good and fine", "so fine", "fine film"]
BAD = ["bad", "a bad film", "very bad d\u00e9j\u00e0", "bad and dull", "so dull", "dull film"]
SOSO = ["so so", "a plain film", "very plain", "plain and so", "so usual", "usual film"]
TEXTS = [*GOOD, *BAD, *SOSO]
TWO = [1] * 6 + [0] * 6 + [1, 0] * 3
THREE = [3] * 6 + [1] * 6 + [2] * 6
NEW = [
    "",
    "good bad",
    "\u00c9T\u00c9 caf\u00e9 \U0001f642 good",
    "so very plain a usual film",
    "unknown",
]


def scores_of(path: Path, **options: Any) -> list[float]:
    """The scores of new texts, by the way that a worker takes."""
    write_card(path.parent, name="mine", format="pkl", files=["model.pkl"], options=options)
    model = load_model(path.parent)
    assert isinstance(model, SklearnModel)
    return model.numbers(NEW).tolist()


def expected_of(estimator: Any, values: list[float]) -> Any:
    return pytest.approx(estimator.predict_proba(NEW) @ np.array(values), rel=0, abs=1e-12)


def age_idf(estimator: Any) -> None:
    """Until 1.4, a `TfidfTransformer` had a diagonal matrix instead of `idf_`."""
    for part in all_parts(estimator):
        if isinstance(part, TfidfTransformer) and "idf_" in vars(part):
            part._idf_diag = diags(vars(part).pop("idf_"), format="csr")


def tfidf() -> TfidfVectorizer:
    return TfidfVectorizer()


def dense(*steps: Any) -> Any:
    return make_pipeline(CountVectorizer(), TruncatedSVD(4, random_state=0), *steps)
