"""The runtime for MLflow models of any flavour, which MLflow itself runs (`mlflow.pyfunc`)."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types
from typing_extensions import override

from scoring.graphs.answers import table_of, typed
from scoring.independence import check_rows
from shared.card import Card
from shared.errors.model import UnusableModel
from shared.model import Model
from shared.tables.trial_rows import trial_rows

#: The option of a card with the columns that MLflow takes with 32 bits only -> their dtype.
NARROW = "narrow"

#: How many rows are scored when the model is loaded.
_TRIAL_ROWS = 8


class MlflowModel(Model):
    """A whole MLflow model; `load` unpacks `model.mlflow`, a zip file, for as long as it lives."""

    def __init__(self, folder: "tempfile.TemporaryDirectory[str]", card: Card) -> None:
        """Load the model, which runs code from it, and check that a row is scored by itself.

        Raises:
            ImportError: MLflow is not installed, or a library that the model needs.
            ValueError: what it gives for a row depends on the other rows.
        """
        import mlflow.pyfunc  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  an extra

        self.card = card
        self._folder = folder
        self._model = mlflow.pyfunc.load_model(folder.name)
        self._narrow = {name: np.dtype(one) for name, one in card.options.get(NARROW, {}).items()}
        check_rows(self.score, trial_rows(self, _TRIAL_ROWS))

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        # Workers run one process per core: more threads would only compete for the same cores.
        threadpool_limits(1)
        path = folder / card.model_file
        unpacked = tempfile.TemporaryDirectory(prefix="scorelane-mlflow-")
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(unpacked.name)
            return cls(unpacked, card)
        except ImportError as error:
            reason = (
                f"MLflow runs it, and {error.name or error} is not installed here. Install the "
                "extra mlflow of scorelane-server and what its requirements.txt names, here and "
                "for the workers"
            )
            raise UnusableModel(path=path, reason=reason) from error
        # The model is user code, and may raise any exception.
        except Exception as error:
            said = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
            raise UnusableModel(path=path, reason=f"MLflow cannot load it ({said})") from error

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        outputs = self.card.signature.outputs
        if not len(frame):
            return pd.DataFrame({one.name: [] for one in outputs}, index=frame.index)
        rows = frame[[one.name for one in self.card.signature.inputs]].reset_index(drop=True)
        for name, dtype in self._narrow.items():
            rows[name] = _narrowed(rows[name], dtype)
        columns = _columns(self._model.predict(rows))
        if len(columns) != len(outputs) or any(len(one) != len(frame) for one in columns):
            raise ValueError(f"it gives {len(columns)} columns, and its MLmodel {len(outputs)}")
        named = zip(outputs, columns, strict=True)
        values = {output.name: typed(column, output.type) for output, column in named}
        return pd.DataFrame(
            {name: pd.Series(one, frame.index, dtype=one.dtype) for name, one in values.items()},
            index=frame.index,
        )

    @override
    def warm_up(self) -> None:
        self.score(trial_rows(self, _TRIAL_ROWS))


def _narrowed(column: "pd.Series[Any]", dtype: "np.dtype[Any]") -> "pd.Series[Any]":
    """A column with the dtype that MLflow asks for.

    Raises:
        ValueError: a number is too large for it.
    """
    found = column.astype(dtype)
    if dtype.kind == "i" and (found.astype(np.int64) != column).any():
        raise ValueError(f"a number in {column.name} is too large for 32 bits")
    return found


def _columns(found: Any) -> list[npt.NDArray[Any]]:
    """The columns of what a model predicts for n rows: a frame, a series, an array, a list."""
    if isinstance(found, pd.DataFrame):
        return [column.to_numpy() for _, column in found.items()]
    if isinstance(found, dict):
        return [np.asarray(column) for column in found.values()]
    table = table_of(found.to_numpy() if isinstance(found, pd.Series) else np.asarray(found))
    return list(table.T)
