"""Opens an ONNX file in ONNX Runtime, with one thread."""

import re
from pathlib import Path

import onnxruntime

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


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Load a graph, to be run by one thread.

    Raises:
        ValueError: ONNX Runtime cannot run it; the message says why, and what to do.
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
        reason = f"ONNX Runtime cannot read {path.name} ({' '.join(str(error).split())[:300]})"
        for pattern, advice in _ADVICE.items():
            if re.search(pattern, str(error)):
                reason += f": {advice.format(version=onnxruntime.__version__)}"
                break
        raise ValueError(reason) from error
