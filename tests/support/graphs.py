"""Small ONNX graphs, as libraries for networks and skl2onnx write them."""

import numpy as np
import numpy.typing as npt
import pytest

onnx = pytest.importorskip("onnx", reason="onnx writes the files of these tests")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper

#: Three columns in, three classes out.
WEIGHTS = np.array([[1.0, -1.0, 0.5], [0.5, 0.25, -1.0], [0.1, 0.2, 0.3]])

TYPES = {
    "float": TensorProto.FLOAT,
    "double": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "string": TensorProto.STRING,
    "bool": TensorProto.BOOL,
}


def saved(path, nodes, inputs, outputs, constants=None, ir_version=8, opset=18):
    """Write a graph.

    Args:
        path: the path of the file.
        nodes: the nodes, as (operator, names of inputs, names of outputs, attributes).
        inputs: name -> (type, shape).
        outputs: the same.
        constants: name -> array.
        ir_version: the version of the format.
        opset: the version of the operators.
    """
    made = [
        helper.make_node(
            kind, takes, gives, domain="ai.onnx.ml" if kind in _TRADITIONAL else "", **attributes
        )
        for kind, takes, gives, attributes in nodes
    ]
    ends = [
        [helper.make_tensor_value_info(name, TYPES[kind], shape) for name, (kind, shape) in given]
        for given in (inputs.items(), outputs.items())
    ]
    held = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(made, "graph", *ends, initializer=held)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
    onnx.save(model, path)
    return path


_TRADITIONAL = ("ArrayFeatureExtractor", "ZipMap")


def network(path, *, end="Softmax", kind="double", weights=WEIGHTS, rows=None, **versions):
    """A network of one layer over the columns of `weights`: n x 3 in `X`, n x K in `numbers`."""
    exact = weights.astype(np.float32 if kind == "float" else np.float64)
    nodes = [("MatMul", ["X", "W"], ["sums"], {})]
    last = {"axis": -1} if end == "Softmax" else {}
    nodes.append((end or "Identity", ["sums"], ["numbers"], last))
    return saved(
        path,
        nodes,
        {"X": (kind, [rows, len(weights)])},
        {"numbers": (kind, [rows, weights.shape[1]])},
        {"W": exact},
        **versions,
    )


def classifier(path, labels, *, in_order=True):
    """As skl2onnx writes a classifier: the label by a constant array, and the probabilities.

    Args:
        path: the path of the file.
        labels: the three labels; they become the constant.
        in_order: whether the label is that of the highest probability, or of the lowest.
    """
    choose = "ArgMax" if in_order else "ArgMin"
    array = np.array(labels, dtype=object if isinstance(labels[0], str) else np.int64)
    return saved(
        path,
        [
            ("MatMul", ["X", "W"], ["sums"], {}),
            ("Softmax", ["sums"], ["probabilities"], {"axis": -1}),
            (choose, ["probabilities"], ["place"], {"axis": 1, "keepdims": 0}),
            ("ArrayFeatureExtractor", ["classes", "place"], ["found"], {}),
            ("Reshape", ["found", "flat"], ["label"], {}),
        ],
        {"X": ("double", [None, 3])},
        {
            "label": ("string" if isinstance(labels[0], str) else "int64", [None]),
            "probabilities": ("double", [None, 3]),
        },
        {"W": WEIGHTS, "classes": array, "flat": np.array([-1])},
    )


def softmax(rows: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The probabilities that `network` gives for n x 3 numbers."""
    powers = np.exp(np.asarray(rows) @ WEIGHTS)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
