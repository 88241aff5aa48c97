"""Runs a Keras model that was compiled to ONNX, in ONNX Runtime and without TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.graphs.session import open_session
from scoring.networks.keras_network import Network

#: The keys of a compiled file's metadata: the length of the input (0: variable), the number of rows
#: of the embedding, and whether zeros are skipped (1) or processed like other numbers (0).
LENGTH, WORDS, SKIPS_ZEROS = "length", "words", "skips_zeros"


class OnnxNetwork(Network):
    """A compiled model; `training.onnx.compile` writes its file and checks the scores."""

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        """Load a compiled model.

        Args:
            path: the path of the file.
            options: the options of `scoring.networks.keras_network.Network`, and `class_values`.

        Raises:
            ValueError: the file is not a compiled model, or the options do not fit it.
        """
        self._session = open_session(path)
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            length, words = int(metadata[LENGTH]), int(metadata[WORDS])
            skips_zeros = bool(int(metadata[SKIPS_ZEROS]))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path.name} was not compiled by Scorelane ({error})") from error
        super().__init__(length or None, words, options)
        self.skips_zeros = skips_zeros
        self._set_classes(self._session.get_outputs()[0].shape[1], options)

    def outputs(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Run the model on n rows of word numbers, all of one length; returns an array of n x K."""
        outputs: npt.NDArray[np.float32] = self._session.run(None, {"ids": rows})[0]
        return outputs
