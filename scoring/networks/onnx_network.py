"""Runs a Keras model that was compiled to ONNX, in ONNX Runtime; no TensorFlow is needed."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from scoring.networks.keras_checks import brief
from scoring.networks.keras_network import Network

#: What a compiled file says of itself, in its metadata: the input's length (0: open), the rows of
#: the embedding, and whether zeros are skipped (1) or counted (0).
LENGTH, WORDS, SKIPS_ZEROS = "length", "words", "skips_zeros"


class OnnxNetwork(Network):
    """A compiled model; `training.onnx.compile` writes its file, and proves it the same."""

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        """Load a compiled model.

        Args:
            path: of the file.
            options: as `scoring.networks.keras_network.Network` takes them, and `class_values`.

        Raises:
            ValueError: it is no such file, or the options do not fit it.
        """
        self._session = _session(path)
        about = self._session.get_modelmeta().custom_metadata_map
        try:
            length, words = int(about[LENGTH]), int(about[WORDS])
            skips_zeros = bool(int(about[SKIPS_ZEROS]))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path.name} was not compiled by Scorelane ({error})") from error
        super().__init__(length or None, words, options)
        self.skips_zeros = skips_zeros
        self._set_classes(self._session.get_outputs()[0].shape[1], options)

    def outputs(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """What the model gives n rows of word numbers: n rows of K numbers."""
        outputs: npt.NDArray[np.float32] = self._session.run(None, {"ids": rows})[0]
        return outputs


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One process per core: more threads would only contend for the same cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Both would keep memory for every size of batch that has been; without them it is as fast.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 4  # what is wrong with a file is raised, and need not be printed
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime raises an exception of its own for each of its error codes.
    except Exception as error:
        raise ValueError(f"ONNX Runtime cannot read {path.name} ({brief(error)})") from error
