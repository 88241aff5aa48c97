"""Which models fit the libraries of an environment, by the versions on their cards."""

from datetime import UTC, datetime

import pytest

from shared import library_fit
from shared.card import Card
from shared.library_fit import declines, installed, needed


def card_of(libraries: dict[str, str], files: tuple[str, ...] = ("model.pkl",)) -> Card:
    return Card(
        name="mine",
        version="000000000001",
        format=files[0].partition(".")[2],
        files=dict.fromkeys(files, "0" * 64),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        libraries=libraries,
    )


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with scikit-learn 1.7.2, numpy 2.4.6 and `xgboost-cpu` 3.2.0."""
    there = {"scikit-learn": "1.7.2", "numpy": "2.4.6", "xgboost": "3.2.0"}
    monkeypatch.setattr(library_fit, "_here", lambda name: there.get(name, ""))


@pytest.mark.parametrize(
    "libraries",
    [
        {},
        {"scikit-learn": "1.7.0", "numpy": "2.4.0"},
        # Python and what only reads and writes files is not compared.
        {"scikit-learn": "1.7.2", "python": "3.9.0", "joblib": "0.1", "cloudpickle": "9.0"},
        # The same library under the name of another distribution.
        {"xgboost-cpu": "3.2.1"},
    ],
)
def test_the_major_and_minor_numbers_decide(libraries: dict[str, str]) -> None:
    """Micro releases are accepted; the examples of the model are compared when it is loaded."""
    assert declines("same")(card_of(libraries)) == ""


def test_another_minor_number_and_a_missing_library_are_named() -> None:
    """With what the card names, and what is here."""
    card = card_of({"scikit-learn": "1.9.1", "numpy": "2.4.0", "lightgbm": "4.7.0"})
    assert declines("same")(card) == (
        "its card names lightgbm 4.7.0, scikit-learn 1.9.1; here, lightgbm is not installed, "
        "scikit-learn 1.7.2"
    )


def test_with_the_default_no_model_is_declined() -> None:
    """What it gives for its examples decides, as before there was the setting."""
    assert declines("proven")(card_of({"scikit-learn": "0.1"})) == ""


def test_a_compiled_network_needs_no_tensorflow() -> None:
    """A network that was not compiled does."""
    libraries = {"keras": "3.15.1", "tensorflow-cpu": "2.21.0", "numpy": "2.4.6", "onnx": "1.23"}
    compiled = card_of(libraries, ("model.hdf5", "model.onnx"))
    assert declines("same")(compiled) == ""
    assert "tensorflow is not installed" in declines("same")(card_of(libraries, ("model.hdf5",)))
    assert needed(compiled) == {"numpy": "2.4.6"}


def test_the_versions_of_a_worker_for_one_model() -> None:
    """Only what the model runs with, by the name of the library."""
    libraries = {"python": "3.11.7", "numpy": "2.4.6", "xgboost-cpu": "3.2.0", "scipy": "1.17"}
    card = card_of({"xgboost": "3.2.0", "numpy": "2.4.0", "python": "3.11.7"})
    assert installed(libraries, card) == {"numpy": "2.4.6", "xgboost": "3.2.0"}
