"""Reads from an ONNX file what ONNX Runtime does not tell: class labels, words, digits."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The attributes of classifiers (`ai.onnx.ml`) and of ZipMap that hold the labels of the classes.
_CLASS_LABELS = ("classlabels_strings", "classlabels_ints", "classlabels_int64s")

#: No more words than these are tried.
_MAX_WORDS = 5_000


@dataclass(frozen=True)
class GraphFacts:
    """What an ONNX file says.

    Attributes:
        class_lists: lists that may hold the labels of the classes, in order.
        words: values of strings that the graph compares with, such as the categories of an encoder.
    """

    class_lists: tuple[tuple[Any, ...], ...] = ()
    words: tuple[str, ...] = ()


def read_graph_facts(path: Path) -> GraphFacts:
    """Read an ONNX file with the package `onnx`; nothing is known where it is not installed."""
    try:
        import onnx  # noqa: PLC0415  an extra: only adding a model needs it
    except ImportError:
        return GraphFacts()
    graph = onnx.load(path, load_external_data=False).graph
    held = {one.name: one for one in graph.initializer}
    lists: list[tuple[Any, ...]] = []
    words: dict[str, None] = {}
    for node in graph.node:
        for name, values in _lists(node):
            if name in _CLASS_LABELS and values:
                lists.append(values)
            elif values and isinstance(values[0], str):
                words.update(dict.fromkeys(values))
        # skl2onnx takes the label of a class from a constant array with this operator.
        if node.op_type == "ArrayFeatureExtractor" and node.input[0] in held:
            array = onnx.numpy_helper.to_array(held[node.input[0]])
            flat = array.ravel().tolist()
            lists.append(tuple(one.decode() if isinstance(one, bytes) else one for one in flat))
    return GraphFacts(tuple(lists), tuple(words)[:_MAX_WORDS])


def _lists(node: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for attribute in node.attribute:
        if attribute.strings:
            yield attribute.name, tuple(one.decode(errors="replace") for one in attribute.strings)
        elif attribute.ints:
            yield attribute.name, tuple(attribute.ints)
