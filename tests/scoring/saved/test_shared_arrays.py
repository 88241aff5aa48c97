"""Large arrays of an estimator are mapped, and nothing else of it changes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from scoring.saved.shared_arrays import LEAST_TOTAL, share_arrays
from scoring.sklearn_model import SklearnModel
from shared import private_copies
from shared.card import write_card
from shared.private_copies import room_for_copies
from shared.signature import Input, Output, Signature

DIGEST = "0" * 64

#: As many numbers as an estimator must have.
COUNT = LEAST_TOTAL // 8


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of copies of a worker."""
    monkeypatch.setattr(private_copies.tempfile, "gettempdir", lambda: str(tmp_path))
    with room_for_copies():
        assert private_copies._room is not None
        yield private_copies._room


def ridge(seed: int = 1) -> Any:
    model = Ridge()
    model.coef_ = np.random.default_rng(seed).normal(size=COUNT)
    model.intercept_ = 0.5
    return model


def is_mapped(array: Any) -> bool:
    return isinstance(array.base, np.memmap)


def test_the_arrays_are_mapped_once(room: Path) -> None:
    """A second process finds the file of the first; what one writes, the other does not see."""
    first, second = ridge(), ridge()
    before = first.coef_.copy()
    assert share_arrays(first, DIGEST) == share_arrays(second, DIGEST) == LEAST_TOTAL
    assert type(first.coef_) is np.ndarray
    assert is_mapped(first.coef_)
    assert is_mapped(second.coef_)
    assert [one.name for one in room.rglob("*.npy")] == ["0.npy"]
    first.coef_[0] = 7.0
    np.testing.assert_array_equal(second.coef_, before)


def test_arrays_in_lists_and_in_two_places(room: Path) -> None:
    """Each is one file, and keeps its order, its type and whether it may be written."""
    model = MLPRegressor()
    turned = np.asfortranarray(np.random.default_rng(2).normal(size=(1500, 1200)))
    fixed = np.arange(2**20, dtype=np.float32)
    fixed.flags.writeable = False
    model.coefs_ = [turned, fixed, np.ones(3)]
    model.again = {"the same": turned, "cut": np.ones((2**18, 2))[:, 0]}
    assert share_arrays(make_pipeline(model), DIGEST) == turned.nbytes + fixed.nbytes
    assert len(list(room.rglob("*.npy"))) == 2
    assert model.coefs_[0] is model.again["the same"]
    assert model.coefs_[0].flags.f_contiguous
    assert (model.coefs_[1].dtype, model.coefs_[1].flags.writeable) == (np.float32, False)
    np.testing.assert_array_equal(model.coefs_[0], turned)
    assert not is_mapped(model.coefs_[2])
    assert not is_mapped(model.again["cut"])


def test_other_content_is_not_taken(room: Path) -> None:
    """Whatever the file holds, an estimator keeps the numbers that it was loaded with."""
    share_arrays(ridge(), DIGEST)
    other = ridge(seed=2)
    coefficients = other.coef_
    assert share_arrays(other, DIGEST) == 0
    assert other.coef_ is coefficients
    [file] = room.rglob("*.npy")
    file.write_bytes(b"short")
    assert share_arrays(other, DIGEST) == 0
    assert other.coef_ is coefficients


def test_small_models_and_other_programs_map_nothing(room: Path) -> None:
    """A file for each small array would cost more than it saves."""
    small = Ridge()
    small.coef_ = np.ones(COUNT - 1)
    assert share_arrays(small, DIGEST) == 0
    assert not list(room.rglob("*.npy"))


def test_outside_of_a_worker_nothing_is_mapped() -> None:
    """There is no folder for it."""
    assert share_arrays(ridge(), DIGEST) == 0


def test_a_mapped_model_scores_as_before(room: Path, tmp_path: Path) -> None:
    """To the last bit, by the way that a worker loads it."""
    random = np.random.default_rng(3)
    columns = [f"c{number}" for number in range(255)]
    frame = pd.DataFrame(random.normal(size=(20, 255)), columns=columns)
    model = make_pipeline(PolynomialFeatures(2), Ridge()).fit(frame, random.normal(size=20))
    model[-1].coef_ = random.normal(size=(64, model[-1].coef_.size))
    model[-1].intercept_ = np.zeros(64)
    folder = tmp_path / "mine"
    folder.mkdir()
    joblib.dump(model, folder / "model.pkl")
    signature = Signature(
        inputs=tuple(Input(name=name, type="double") for name in columns),
        outputs=tuple(
            Output(name=f"prediction_{number}", type="double", meaning="prediction", of=str(number))
            for number in range(64)
        ),
    )
    card = write_card(folder, name="mine", format="pkl", files=["model.pkl"], signature=signature)
    scored = SklearnModel.load(folder, card).score(frame)
    assert list(room.rglob("*.npy"))
    np.testing.assert_array_equal(scored.to_numpy(), model.predict(frame))
