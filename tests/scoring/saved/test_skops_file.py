"""Files of skops are read without running code, and hold only types that the service trusts."""

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sklearn
from sklearn import base
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skops import io
from support.old_models import NEW, TEXTS, TWO, age_idf, expected_of, tfidf

from scoring.saved import reading
from scoring.sklearn_model import SklearnModel
from shared.card import write_card
from shared.errors.model import UnusableModel
from shared.errors.service import BadSettings

TREE = "sklearn.tree._tree.Tree"


def shout(texts: Any) -> Any:
    return [text.upper() for text in texts]


def fitted(final: Any, *before: Any) -> Any:
    return make_pipeline(*before, tfidf(), final).fit(TEXTS, TWO)


def loaded(path: Path, **options: Any) -> SklearnModel:
    """The model in the folder of a file, as the runtime of the format loads it."""
    card = write_card(
        path.parent, name="mine", format="skops", files=["model.skops"], options=options
    )
    return SklearnModel.load(path.parent, card)


def save(estimator: Any, tmp_path: Path) -> Path:
    io.dump(estimator, tmp_path / "model.skops")
    return tmp_path / "model.skops"


@pytest.fixture(autouse=True)
def trusts(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the types that the service trusts; none at first."""
    monkeypatch.delenv("SCORELANE_TRUSTED_TYPES", raising=False)
    return lambda types: monkeypatch.setenv("SCORELANE_TRUSTED_TYPES", types)


def test_a_linear_pipeline_needs_no_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It scores as it did where it was saved, and nothing is unpickled."""
    estimator = fitted(LogisticRegression())
    path = save(estimator, tmp_path)
    monkeypatch.setattr(reading, "load_pickle", None)
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)
    assert loaded(path).numbers(NEW).tolist() == expected_of(estimator, [0, 1])


def test_a_type_that_is_not_trusted_is_refused(
    tmp_path: Path, trusts: Callable[[str], None]
) -> None:
    """The message names the types and the setting, with which the model is then served."""
    estimator = fitted(RandomForestClassifier(3, random_state=0))
    path = save(estimator, tmp_path)
    with pytest.raises(UnusableModel, match=f"{TREE}.*SCORELANE_TRUSTED_TYPES={TREE}, here and"):
        loaded(path)
    trusts("any.Other")
    with pytest.raises(UnusableModel, match=f"SCORELANE_TRUSTED_TYPES=any.Other,{TREE}"):
        loaded(path)
    trusts(f"any.Other, {TREE}")
    assert loaded(path).numbers(NEW).tolist() == expected_of(estimator, [0, 1])


def test_a_card_trusts_nothing(tmp_path: Path) -> None:
    """Only the setting of the service says what is trusted, because a card comes with the file."""
    path = save(fitted(RandomForestClassifier(3)), tmp_path)
    with pytest.raises(UnusableModel, match="not trusted here"):
        loaded(path, trusted=[TREE], trusted_types=TREE)


def test_a_function_of_a_script_is_named(tmp_path: Path, trusts: Callable[[str], None]) -> None:
    """A function is trusted by its name, and one of `__main__` cannot be."""
    estimator = fitted(LogisticRegression(), FunctionTransformer(shout))
    path = save(estimator, tmp_path)
    name = f"{shout.__module__}.shout"
    with pytest.raises(UnusableModel, match=f"not trusted here: {name}"):
        loaded(path)
    trusts(name)
    assert loaded(path).numbers(NEW).tolist() == expected_of(estimator, [0, 1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shout, "__module__", "__main__")
        path = save(estimator, tmp_path)
    with pytest.raises(UnusableModel, match="put it into a module of a package"):
        loaded(path)


def test_a_pickle_by_the_name_of_skops_runs_no_code(tmp_path: Path) -> None:
    """The ending decides, so a file of skops can never be a pickle."""

    class Harmful:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "harm"),)

    (tmp_path / "model.skops").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(UnusableModel, match="no whole file of skops"):
        loaded(tmp_path / "model.skops")
    assert not (tmp_path / "harm").exists()


def test_without_skops_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to install, and where."""
    path = save(fitted(LogisticRegression()), tmp_path)
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(
        UnusableModel, match=r"package skops .* Install it, here and for the workers"
    ):
        loaded(path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    """The message says to copy the whole file."""
    path = save(fitted(LogisticRegression()), tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnusableModel, match="Copy the whole file again"):
        loaded(path)


def test_other_versions_of_scikit_learn_are_repaired_or_refused(
    tmp_path: Path, trusts: Callable[[str], None]
) -> None:
    """As with pickles: what changed is repaired, and a newer version is refused."""
    trusts("scipy.sparse._csr.csr_matrix")  # of the weights, as the old version had them
    estimator = fitted(LogisticRegression())
    expected = expected_of(estimator, [0, 1])
    age_idf(estimator)
    for version in ("1.3.2", "99.0.0"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(base, "__version__", version)
            path = save(estimator, tmp_path)
        if version == "1.3.2":
            assert loaded(path).numbers(NEW).tolist() == expected
            continue
        with pytest.raises(UnusableModel, match=f"99.0.0 saved it.*{sklearn.__version__}"):
            loaded(path)


@pytest.mark.parametrize("types", ["*", "sklearn.*", "Tree", "a.b; c.d", "a b.c"])
def test_only_full_names_can_be_trusted(
    tmp_path: Path, trusts: Callable[[str], None], types: str
) -> None:
    """A pattern is no name, and would trust what nobody has looked at."""
    trusts(types)
    with pytest.raises(BadSettings, match=r"TRUSTED_TYPES.*full names of types by comma"):
        loaded(save(fitted(LogisticRegression()), tmp_path))
