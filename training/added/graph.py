"""Copies a user's ONNX file into a model folder, and finds out what goes into it and comes out."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scoring.graphs.feeds import ROUNDED, Feed, feeds_of
from scoring.graphs.graph import Graph
from scoring.graphs.session import open_session
from shared.model import TEXT
from shared.signature import Input, Output, Signature
from shared.tables.trial_rows import made_rows, typed_frame
from training.added.copied import Copied
from training.added.example_rows import example_inputs, example_values, read_example
from training.added.given_inputs import parse_inputs
from training.added.graph_answers import understand, with_sentiment
from training.added.graph_facts import read_graph_facts
from training.added.meaning import Meaning

#: What may be said about an ONNX file.
_OPTIONS = ("inputs", "example", "labels", "classes", "class_values", "positive")

#: How many made-up rows are scored to find out what comes out of a graph, and how many
#: if it takes one at a time.
_TRIAL_ROWS, _SINGLE_ROWS = 400, 50

#: Where the names of columns are from that neither the user nor an example gives.
_THE_FILE = "the file"


def copy_graph(file: Path, folder: Path, meaning: Meaning) -> Copied:
    """Copy the file to `model.onnx` in a model folder, and find its signature.

    Raises:
        shared.errors.input.BadOption: an option does not fit the file.
        ValueError: it cannot be served; the message says why, and what to do.
    """
    others = [option for option in vars(meaning) if option not in _OPTIONS]
    meaning.refuse(others, "it is not for ONNX files")
    path = folder / "model.onnx"
    shutil.copyfile(file, path)
    session = open_session(path)
    feeds = feeds_of(session)
    example = read_example(meaning.example) if meaning.example is not None else None
    inputs, source = _inputs(feeds, meaning, example)
    graph = Graph(session, inputs)
    facts = read_graph_facts(path)
    shape = Signature(inputs=inputs, outputs=(Output(name="any"),))
    rows = None
    if example is not None:
        rows = typed_frame(inputs, example_values(example, inputs))
    trial = _trial(
        inputs, facts.words, _TRIAL_ROWS if all(one.rows is None for one in feeds) else _SINGLE_ROWS
    )
    if rows is not None:
        trial = pd.concat([rows.dropna(), trial], ignore_index=True)
    found = graph.run(trial)[0]
    understood = understand(found, facts.class_lists, meaning)
    if source == _THE_FILE and any((one.width or 0) > 1 for one in feeds):
        understood = understood.noting(
            f"Its columns have no names in the file, and are called {inputs[0].name}, ... in the "
            "order of the training. Name them with --inputs"
        )
    understood = with_sentiment(understood, meaning, takes_text=shape.takes_text)
    options = understood.answers.to_options()
    if rounded := _rounded(session, feeds):
        options["precision"] = "float32"
        understood = understood.noting(rounded)
    return Copied(
        options=options,
        signature=Signature(inputs=inputs, outputs=understood.outputs),
        sources={one.name: source for one in inputs} | {"outputs": "the graph"},
        notes=tuple(f"{note}." for note in understood.notes),
        example=rows,
    )


def _rounded(session: Any, feeds: Sequence[Feed]) -> str:
    """A note if the graph computes with fewer digits than the rows have."""
    types = [*(feed.type for feed in feeds), *(one.type for one in session.get_outputs())]
    if not any(kind in ROUNDED or "tensor(float)" in kind for kind in types):
        return ""
    return (
        "It computes with numbers of 32 bits (7 digits), so a value near a split of a tree may "
        "fall on the other side: its results can differ from those of the model that it was made "
        "from, by 0.1 and more. Compare them before you use it, or serve the model itself"
    )


def _trial(inputs: Sequence[Input], words: Sequence[str], rows: int) -> pd.DataFrame:
    """Made-up rows without missing values: small numbers of both signs, and larger ones."""
    inputs = [one.model_copy(update={"required": True}) for one in inputs]
    texts = {one.name: words for one in inputs if one.type == "string" and words}
    small = {one.name: (-3.0, 3.0) for one in inputs if one.type == "double"}
    halves = [made_rows(inputs, known, rows // 2) for known in (texts | small, texts)]
    return pd.concat(halves, ignore_index=True)


def _inputs(
    feeds: Sequence[Feed], meaning: Meaning, example: pd.DataFrame | None
) -> tuple[tuple[Input, ...], str]:
    """The columns that a graph takes, and where their names are from."""
    if meaning.inputs is not None:
        return parse_inputs(meaning.inputs), "--inputs"
    shown = list(example_inputs(example).values()) if example is not None else []
    if shown and not all(feed.width == 1 for feed in feeds):
        return tuple(shown), "--example"
    inputs: list[Input] = []
    for feed in feeds:
        kind = feed.column_type
        if feed.width is None:
            raise ValueError(
                f"its input {feed.name} takes any number of columns. Name them with --inputs, in "
                "the order of the training, as in age:double,fare:double"
            )
        if len(feeds) == 1 and kind == "string" and feed.width == 1:
            inputs.append(Input(name=TEXT))
        elif feed.width == 1:
            inputs.append(Input(name=feed.name, type=kind))
        else:
            prefix = "x" if len(feeds) == 1 else f"{feed.name}_"
            inputs += [Input(name=f"{prefix}{i}", type=kind) for i in range(feed.width)]
    return tuple(inputs), _THE_FILE
