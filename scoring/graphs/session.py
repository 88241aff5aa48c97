"""Opens an ONNX file in ONNX Runtime, with one thread."""

import logging
import re
from pathlib import Path
from typing import Any

import onnxruntime

from shared.digests import file_digest
from shared.private_copies import derived_folder

logger = logging.getLogger(__name__)

#: What ONNX Runtime says of a file that it does not run -> what to do.
_ADVICE = {
    r"IR version|[Oo]pset \d+ is under development": (
        "it was written for a newer ONNX than this ONNX Runtime ({version}) reads. Export it for "
        "an older opset (target_opset in skl2onnx, opset_version in torch.onnx.export), or install "
        "a newer onnxruntime, here and for the workers"
    ),
    r"external|\.data": (
        "its weights are in a file of their own. Save it as one file: "
        "onnx.save(onnx.load('model.onnx'), 'one.onnx', save_as_external_data=False)"
    ),
    r"locale": (
        "it compares words in a locale that this machine does not have. Convert it again with the "
        "option locale='C' of skl2onnx, or install the locale, here and for the workers"
    ),
    r"is not a registered": (
        "it has an operator that ONNX Runtime does not know, as of a library of custom operators, "
        "which cannot be served"
    ),
    r"Type Error|NOT_IMPLEMENTED": (
        "ONNX Runtime has no code for an operator with this type of numbers. Export it with inputs "
        "of 32 bits, or serve the model itself"
    ),
    r"Protobuf parsing failed": ("it is no ONNX file, or it is damaged. Copy the whole file again"),
}


#: The bytes of a file from which on the processes of a worker share its weights.
_LARGE = 16 * 2**20

#: The files of a graph whose weights are apart, and the fewest bytes of a weight that is.
_GRAPH, _WEIGHTS, _APART = "graph.onnx", "weights.data", "1024"


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Load a graph, to be run by one thread.

    In a worker, the weights of a large graph are mapped, and its processes share them.

    Raises:
        ValueError: ONNX Runtime cannot run it; the message says why, and what to do.
    """
    if path.is_file() and path.stat().st_size >= _LARGE:
        try:
            if shared := _shared_session(path):
                return shared
        # ONNX Runtime has a separate exception class for each of its error codes.
        except Exception as error:  # noqa: BLE001
            logger.warning("the processes do not share the weights of %s: %s", path.name, error)
    try:
        return _session(path, _options())
    # ONNX Runtime has a separate exception class for each of its error codes.
    except Exception as error:
        reason = f"ONNX Runtime cannot read {path.name} ({' '.join(str(error).split())[:300]})"
        for pattern, advice in _ADVICE.items():
            if re.search(pattern, str(error)):
                reason += f": {advice.format(version=onnxruntime.__version__)}"
                break
        raise ValueError(reason) from error


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # Workers run one process per core: more threads would only compete for the same cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Both would keep memory for every batch size seen so far, and bring no speed.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 4  # errors are raised, and need not be printed as well
    return options


def _session(path: Path, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _shared_session(path: Path) -> onnxruntime.InferenceSession | None:
    """A session whose weights are mapped from a file of this worker's; None outside of a worker.

    The first process lets ONNX Runtime write the graph as it has optimised it, with its weights in
    a file of their own, which ONNX Runtime maps where it can use them as they are: those of
    embeddings, and not those of matrix products, which it packs anew. The graph is not optimised a
    second time, so the same operations run.

    Raises:
        Exception: ONNX Runtime cannot write or read the graph, or it reads another one.
    """
    digest = file_digest(path)
    folder = derived_folder(digest, lambda made: _write_apart(path, digest, made))
    return None if folder is None else _session(folder / _GRAPH, _as_written())


def _as_written() -> onnxruntime.SessionOptions:
    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def _write_apart(path: Path, digest: str, folder: Path) -> None:
    options = _options()
    options.optimized_model_filepath = str(folder / _GRAPH)
    name = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{name}file_name", _WEIGHTS)
    options.add_session_config_entry(f"{name}min_size_in_bytes", _APART)
    expected = _described(_session(path, options))
    if file_digest(path) != digest:
        raise ValueError("it was changed while it was read")
    if _described(_session(folder / _GRAPH, _as_written())) != expected:
        raise ValueError("ONNX Runtime reads another graph than it has written")


def _described(session: onnxruntime.InferenceSession) -> tuple[Any, ...]:
    """What a runtime reads of a graph: inputs, outputs and metadata."""
    columns = [*session.get_inputs(), *session.get_outputs()]
    return (
        [(one.name, one.type, one.shape) for one in columns],
        session.get_modelmeta().custom_metadata_map,
    )
