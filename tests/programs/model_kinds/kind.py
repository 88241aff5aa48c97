"""What a kind of model is, and how the outputs of its library are written down."""

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: How far outputs may be apart, of the larger of 1 and the output itself: with 64 and 32 bits.
EXACT, SINGLE = 1e-12, 1e-6


@dataclass
class Made:
    """A model in a folder, and what it gives.

    Attributes:
        file: the name of its file or folder.
        rows: the rows that it was asked about.
        expected: its own outputs for them, under the names that the service gives them.
        options: what `add_model` must be told; files by their names in the folder.
    """

    file: str
    rows: pd.DataFrame
    expected: pd.DataFrame
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        group: the heading under which it is listed.
        name: what it is.
        make: makes one in a folder.
        accepted: whether the service is expected to serve it.
        within: how far its outputs may be from its own.
        trusted: types for `SCORELANE_TRUSTED_TYPES`.
    """

    group: str
    name: str
    make: Callable[[Path], Made]
    accepted: bool = True
    within: float = EXACT
    trusted: str = ""

    def write(self, folder: Path) -> None:
        """Make the model in a new folder, with `rows.csv`, `expected.csv` and `about.json`."""
        folder.mkdir(parents=True)
        about = {name: value for name, value in asdict(self).items() if name != "make"}
        # A kind that cannot be made is missed by those who find it without a file.
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # solvers that stop early
            made = self.make(folder)
        made.rows.to_csv(folder / "rows.csv", index=False)
        # The digits of a number of 32 bits are those of another one of 64.
        single = made.expected.select_dtypes("float32")
        made.expected.astype(dict.fromkeys(single, "float64")).to_csv(
            folder / "expected.csv", index=False
        )
        about |= {"file": made.file, "options": made.options}
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def answers(model: Any, rows: Any, values: Sequence[float] | None = None) -> pd.DataFrame:
    """What an estimator with scikit-learn's methods gives for n rows.

    Args:
        model: fitted.
        rows: what its `predict` takes.
        values: what its classes are worth in a sentiment score; None: it gives none.
    """
    predicted = np.asarray(model.predict(rows))
    numbers = model.predict_proba(rows) if hasattr(model, "predict_proba") else None
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        return _of_many(model, predicted, numbers)
    predicted = predicted.reshape(-1)
    if not len(getattr(model, "classes_", ())):
        is_label = getattr(model, "_estimator_type", "") in ("outlier_detector", "clusterer")
        return pd.DataFrame({"label" if is_label or _groups(model) else "prediction": predicted})
    found = {"label": predicted}
    if numbers is not None:
        classes = np.asarray(model.classes_).tolist()
        found |= {f"probability_{one}": numbers[:, at] for at, one in enumerate(classes)}
    if values is not None:
        found["Sentiment_Score"] = np.clip(numbers @ np.array(values), 0, 1)
    return pd.DataFrame(found)


def _groups(model: Any) -> bool:
    last = model[-1] if hasattr(model, "steps") else model
    return hasattr(last, "cluster_centers_") or hasattr(last, "offset_")


def _of_many(model: Any, predicted: np.ndarray, numbers: Any) -> pd.DataFrame:
    """Several outputs: numbers, labels that are true or not, or labels of several classes."""
    if numbers is None:
        name = "label" if hasattr(model, "classes_") else "prediction"
        return pd.DataFrame({f"{name}_{at}": one for at, one in enumerate(predicted.T)})
    found = {}
    for at, labels in enumerate(predicted.T):
        found[f"label_{at}"] = labels
        if not isinstance(numbers, list):
            found[f"probability_{at}"] = numbers[:, at]
        elif labels.dtype.kind in "iu":
            found[f"probability_{at}"] = numbers[at][:, 1]
        else:
            classes = [f"{one}" for one in np.unique(labels)]
            found |= {f"probability_{at}_{one}": numbers[at][:, k] for k, one in enumerate(classes)}
    return pd.DataFrame(found)
