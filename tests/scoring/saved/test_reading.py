"""Files of estimators are read in every form, and name the version that saved them."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sklearn
from sklearn import base
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.old_models import TEXTS, TWO, age_idf, expected_of, scores_of, tfidf

from scoring.saved.unpickling import version_note


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_compressed_files_are_read(
    saved: Callable[..., Path], compress: Any, protocol: int
) -> None:
    """Files of joblib in each of its compressions are read, also those of an old version."""
    fitted = make_pipeline(tfidf(), LogisticRegression()).fit(TEXTS, TWO)
    expected = expected_of(fitted, [0, 1])
    age_idf(fitted)
    path = saved(fitted, "1.3.2", compress=compress, protocol=protocol)
    assert "1.3.2" in version_note(path)
    assert scores_of(path) == expected
    assert version_note(saved(fitted, sklearn.__version__, compress=compress)) == ""


def test_a_file_compressed_with_lz4_is_read(saved: Callable[..., Path]) -> None:
    """Joblib reads it where the package lz4 is installed, as it is for the tests."""
    fitted = make_pipeline(tfidf(), LogisticRegression()).fit(TEXTS, TWO)
    path = saved(fitted, sklearn.__version__, compress="lz4")
    assert scores_of(path) == expected_of(fitted, [0, 1])
    assert version_note(path) == ""


@pytest.mark.parametrize("protocol", range(6))
def test_a_plain_pickle_names_its_version(tmp_path: Path, protocol: int) -> None:
    """The version is found in pickles of every protocol."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "__version__", "1.2.dev0")
        content = pickle.dumps(LogisticRegression(), protocol=protocol)
    (tmp_path / "model.pkl").write_bytes(content)
    assert "scikit-learn 1.2.dev0 saved it" in version_note(tmp_path / "model.pkl")
    (tmp_path / "model.pkl").write_bytes(content.replace(b"_sklearn", b"_unknown"))
    assert version_note(tmp_path / "model.pkl") == ""
