"""Runs a Keras model over the columns of a table, compiled to ONNX, without TensorFlow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
from typing_extensions import override

from scoring.graphs.session import open_session
from scoring.networks.feeds import Feeds
from scoring.networks.table_network import TableNetwork


class OnnxTable(TableNetwork):
    """A compiled model; `training.onnx.compile_table` writes its file and checks the outputs."""

    def __init__(self, path: Path, feeds: Feeds, units: int) -> None:
        """Load a compiled model.

        Args:
            path: the path of the file.
            feeds: the inputs, in the order of the file's.
            units: how many numbers it gives for a row.

        Raises:
            ValueError: the file cannot be read, or does not fit.
        """
        super().__init__(feeds, units)
        self._session = open_session(path)
        self._names = [one.name for one in self._session.get_inputs()]
        if len(self._names) != len(feeds.each) or self._session.get_outputs()[0].shape[1] != units:
            raise ValueError(f"{path.name} has other inputs or outputs than its card")

    @override
    def run(self, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        outputs: npt.NDArray[Any] = self._session.run(
            None, dict(zip(self._names, arrays, strict=True))
        )[0]
        return outputs
