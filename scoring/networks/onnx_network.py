"""Runs a Keras model that was compiled to ONNX, in ONNX Runtime and without TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from scoring.networks.keras_checks import brief
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
        self._session = session(path)
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


def session(path: Path) -> onnxruntime.InferenceSession:
    """Load a file for one thread.

    Raises:
        ValueError: ONNX Runtime cannot read it.
    """
    options = onnxruntime.SessionOptions()
    # Workers run one process per core: more threads would only compete for the same cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Both would keep memory for every batch size seen so far, and bring no speed.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 4  # errors are raised, and need not be printed as well
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime has a separate exception class for each of its error codes.
    except Exception as error:
        raise ValueError(f"ONNX Runtime cannot read {path.name} ({brief(error)})") from error
