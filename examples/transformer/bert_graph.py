"""Writes a BERT encoder with mean pooling and a linear classifier as an ONNX graph.

The network is that of Devlin et al. (2019), "BERT: Pre-training of Deep Bidirectional
Transformers", with the weights' names of the library `transformers`. The embedding of a text is the
mean of its tokens' last states, of length 1 (Reimers and Gurevych, 2019, "Sentence-BERT").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, npt.NDArray[np.float32]]

#: Added to the attention to a place of padding: its exponential is exactly 0.
_NO_ATTENTION = -1e9

_OPSET = 20  # the first with Gelu


@dataclass
class _Graph:
    """Nodes and constants as they are added; each name is that of a value."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, value: npt.ArrayLike, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


def bert_graph(
    weights: Weights,
    *,
    heads: int,
    epsilon: float,
    head: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> onnx.ModelProto:
    """Make the graph: `input_ids` and `attention_mask` of n x t -> n rows of numbers.

    Args:
        weights: the encoder's weights, by name.
        heads: the number of attention heads.
        epsilon: of the layer norms.
        head: the weights (k x d) and the intercepts (k) of a linear classifier of embeddings.

    Returns:
        A graph whose output is `logits` (n x k) with a head, else `embedding` (n x d).
    """
    graph = _Graph()
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    state = _embeddings(graph, weights, epsilon)
    absent = graph.add("Sub", graph.constant(1), mask)
    bias = graph.add("Mul", absent, graph.constant(_NO_ATTENTION))
    bias = graph.add("Unsqueeze", bias, graph.constant([1, 2], np.int64))
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))
    for number in range(layers):
        state = _layer(graph, weights, f"encoder.layer.{number}", state, bias, heads, epsilon)
    output = _pooled(graph, state, mask)
    size = len(weights["embeddings.LayerNorm.weight"])
    if head is not None:
        size = len(np.asarray(head[1]))
        matrix, intercept = (graph.constant(part) for part in head)
        output = graph.add("Gemm", output, matrix, intercept, transB=1)
    name = "embedding" if head is None else "logits"
    graph.nodes.append(helper.make_node("Identity", [output], [name]))
    made = helper.make_graph(
        graph.nodes,
        "bert",
        [
            helper.make_tensor_value_info(one, TensorProto.INT64, ["n", "t"])
            for one in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def _embeddings(graph: _Graph, weights: Weights, epsilon: float) -> str:
    words, places, types = (
        f"embeddings.{one}_embeddings.weight" for one in ("word", "position", "token_type")
    )
    state = graph.add("Gather", graph.constant(weights[words]), "input_ids")
    length = graph.add("Shape", "input_ids", start=1, end=2)
    place = graph.add(
        "Slice",
        # All tokens of a single text have the type 0.
        graph.constant(weights[places] + weights[types][0]),
        graph.constant([0], np.int64),
        length,
        graph.constant([0], np.int64),
    )
    state = graph.add("Add", state, place)
    return _norm(graph, weights, "embeddings.LayerNorm", state, epsilon)


def _layer(
    graph: _Graph,
    weights: Weights,
    name: str,
    state: str,
    bias: str,
    heads: int,
    epsilon: float,
) -> str:
    size = len(weights[f"{name}.attention.self.query.bias"])
    apart = graph.constant([0, 0, heads, size // heads], np.int64)

    def split(which: str, order: Sequence[int]) -> str:
        values = _dense(graph, weights, f"{name}.attention.self.{which}", state)
        return graph.add("Transpose", graph.add("Reshape", values, apart), perm=order)

    query, value = (split(one, [0, 2, 1, 3]) for one in ("query", "value"))
    key = split("key", [0, 2, 3, 1])
    scores = graph.add("MatMul", query, key)
    scores = graph.add("Mul", scores, graph.constant((size // heads) ** -0.5))
    shares = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    mixed = graph.add("Reshape", mixed, graph.constant([0, 0, size], np.int64))
    mixed = _dense(graph, weights, f"{name}.attention.output.dense", mixed)
    state = graph.add("Add", state, mixed)
    state = _norm(graph, weights, f"{name}.attention.output.LayerNorm", state, epsilon)
    wide = graph.add("Gelu", _dense(graph, weights, f"{name}.intermediate.dense", state))
    narrow = _dense(graph, weights, f"{name}.output.dense", wide)
    state = graph.add("Add", state, narrow)
    return _norm(graph, weights, f"{name}.output.LayerNorm", state, epsilon)


def _pooled(graph: _Graph, state: str, mask: str) -> str:
    """The mean over the tokens, divided by its length."""
    shares = graph.add("Unsqueeze", mask, graph.constant([2], np.int64))
    axis = graph.constant([1], np.int64)
    total = graph.add("ReduceSum", graph.add("Mul", state, shares), axis, keepdims=0)
    count = graph.add("ReduceSum", mask, axis, keepdims=1)
    mean = graph.add("Div", total, count)
    return graph.add("LpNormalization", mean, axis=1, p=2)


def _dense(graph: _Graph, weights: Weights, name: str, values: str) -> str:
    matrix = graph.constant(weights[f"{name}.weight"].T)
    return graph.add(
        "Add", graph.add("MatMul", values, matrix), graph.constant(weights[f"{name}.bias"])
    )


def _norm(graph: _Graph, weights: Weights, name: str, values: str, epsilon: float) -> str:
    scale, shift = (graph.constant(weights[f"{name}.{one}"]) for one in ("weight", "bias"))
    return graph.add("LayerNormalization", values, scale, shift, axis=-1, epsilon=epsilon)
