"""Files of estimators as other versions of scikit-learn saved them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn import base


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Save an estimator as another version of scikit-learn would."""

    def save(estimator: Any, version: str, **joblib_options: Any) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(base, "__version__", version)
            joblib.dump(estimator, tmp_path / "model.pkl", **joblib_options)
        return tmp_path / "model.pkl"

    return save
