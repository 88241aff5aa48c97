"""Runs an ONNX graph on the rows of a frame."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.graphs.feeds import Filler, feeds_of
from shared.signature import Input


class Graph:
    """A session of ONNX Runtime, and the columns that go into it."""

    def __init__(self, session: Any, inputs: Sequence[Input]) -> None:
        """Give each input of the graph its columns.

        Raises:
            ValueError: the columns do not fit the graph; the message says why.
        """
        self._session = session
        feeds = feeds_of(session)
        self._filler = Filler(feeds, inputs)
        self._one_by_one = any(feed.rows == 1 for feed in feeds)
        self._names = [one.name for one in session.get_outputs()]

    def run(self, frame: pd.DataFrame) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
        """Score n rows, n >= 1.

        Returns:
            What the graph gives, by the name of its output; and whether each row has a number that
            its tensor cannot hold, so that it has no result.

        Raises:
            ValueError: the graph cannot score these rows.
        """
        tensors, lost = self._filler.fill(frame)
        if not self._one_by_one:
            return self._run(tensors), lost
        rows = [
            self._run({name: array[i : i + 1] for name, array in tensors.items()})
            for i in range(len(frame))
        ]
        return {name: _joined([row[name] for row in rows]) for name in self._names}, lost

    def _run(self, tensors: dict[str, Any]) -> dict[str, Any]:
        try:
            return dict(zip(self._names, self._session.run(None, tensors), strict=True))
        # ONNX Runtime has a separate exception class for each of its error codes.
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise ValueError(f"ONNX Runtime cannot score these rows ({said})") from error


def _joined(values: list[Any]) -> Any:
    """What a graph gave for several rows, each alone, as it gives it for all at once."""
    if isinstance(values[0], list):
        return [one for value in values for one in value]
    return np.concatenate([np.atleast_1d(value) for value in values])
