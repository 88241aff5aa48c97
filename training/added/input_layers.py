"""Finds the columns that fill the inputs of a user's Keras model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from scoring.networks.feeds import COLUMN_TYPES, Feed, Feeds
from scoring.networks.keras_walk import walk
from shared.errors.input import BadOption
from shared.signature import TEXT, Input

#: Layers that take whole numbers below a size, and the attribute that holds it.
_SIZES = {keras.layers.Embedding: "input_dim", keras.layers.CategoryEncoding: "num_tokens"}

#: Layers that give the numbers that they take, in another shape at most.
_UNCHANGING = (keras.layers.Dropout, keras.layers.Flatten, keras.layers.Reshape)


def check_functional(model: Any) -> None:
    """Check that a model says what its inputs and outputs are.

    Raises:
        ValueError: it does not; the message says what to do.
    """
    try:
        known = bool(model.inputs and model.outputs)
    except (AttributeError, ValueError):
        known = False
    if not known:
        raise ValueError(
            "it does not say what its inputs and outputs are. Build it as a Sequential with an "
            "Input, or as a functional model, and save that"
        )


def takes_word_numbers(model: Any) -> bool:
    """Whether a model takes one row of word numbers: a sequence that an Embedding looks up."""
    if len(model.inputs) != 1:
        return False
    shape = model.inputs[0].shape
    is_looked_up = _limits(model, (keras.layers.Embedding,))[0] is not None
    return is_looked_up and len(shape) == 2 and shape[1] != 1


def feeds_of(
    model: Any,
    given: Sequence[Input] | None = None,
    example: Mapping[str, Input] | None = None,
) -> tuple[Feeds, tuple[Input, ...], str]:
    """The inputs of a model, and the columns that fill them.

    Args:
        model: a Keras model.
        given: the columns, if they are known. If they have the names that they would have without
            this, they are found by name, otherwise by their order.
        example: the columns of example rows, which are taken if `given` is None. There may be more
            if the model's names are among them.

    Returns:
        The feeds; the inputs for the signature; where the names of the columns are from.

    Raises:
        shared.errors.input.BadOption: the columns do not fit.
        ValueError: the model has an input that no columns can fill; the message says why.
    """
    alone, count = len(model.inputs) == 1, len(given or example or ())
    feeds = [
        _feed(one, limit, alone=alone, given=count)
        for one, limit in zip(model.inputs, _limits(model, tuple(_SIZES)), strict=True)
    ]
    columns = [column for feed in feeds for column in feed.columns]
    source = "the given columns"
    if given is None and example is not None:
        given, source = _shown(example, feeds, columns), "the example"
    if given is None:
        inputs = tuple(Input(name=name, type=feed.type) for feed in feeds for name in feed.columns)
        return Feeds(feeds), inputs, "the model's input layers, in order"
    if len(given) != len(columns):
        text = ",".join(f"{one.name}:{one.type}" for one in given)
        reason = f"the model takes {len(columns)} columns: {', '.join(columns)}"
        raise BadOption(option="inputs", value=text, reason=reason)
    names = [one.name for one in given]
    if sorted(names) != sorted(columns):
        order = iter(names)
        feeds = [replace(feed, columns=tuple(_next(order, feed))) for feed in feeds]
    made = Feeds(feeds)
    made.check(given)
    return made, tuple(given), source


def _shown(example: Mapping[str, Input], feeds: list[Feed], columns: list[str]) -> list[Input]:
    """The columns of an example that the model takes."""
    among = set(columns) <= set(example)
    shown = [example[name] for name in columns] if among else list(example.values())
    types = [feed.type for feed in feeds for _ in feed.columns]
    if len(shown) != len(columns):
        return shown
    # Whole numbers in some rows do not show that all are whole.
    return [
        one.model_copy(update={"type": "double"}) if (one.type, kind) == ("long", "double") else one
        for one, kind in zip(shown, types, strict=True)
    ]


def _next(names: Iterator[str], feed: Feed) -> Iterator[str]:
    for _ in feed.columns:
        yield next(names)


def _feed(tensor: Any, limit: int | None, *, alone: bool, given: int) -> Feed:
    name, shape, dtype = tensor.name, tensor.shape, tensor.dtype
    if len(shape) > 2 or dtype not in COLUMN_TYPES:
        raise ValueError(
            f"its input layer {name} takes {dtype} of the shape {tuple(shape)}, and not values of "
            "columns: (None, k), of float32, int32, int64, bool or string"
        )
    flat = len(shape) == 1
    width = 1 if flat else shape[1]
    if width is None:
        if not alone or not given:
            raise ValueError(
                f"its input layer {name} takes any number of values; name them with --inputs"
            )
        width = given
    if dtype == "string" and alone and width == 1:
        columns = [TEXT]
    elif alone:
        columns = [f"x{number}" for number in range(width)]
    else:
        columns = [name] if width == 1 else [f"{name}_{number}" for number in range(width)]
    return Feed(name, dtype, tuple(columns), flat, limit)


def _limits(model: Any, kinds: tuple[type, ...]) -> list[int | None]:
    """For each input the size of the smallest layer of these kinds that takes it; None without."""
    limits: list[int | None] = [None] * len(model.inputs)

    def follow(layer: Any, sources: list[int | None]) -> list[int | None]:
        source = sources[0] if sources else None
        if isinstance(layer, kinds) and source is not None:
            size = getattr(layer, _SIZES[type(layer)])
            limits[source] = min(limits[source] or size, size)
        # What such layers give is still the input; a layer may give several outputs.
        kept = source if isinstance(layer, _UNCHANGING) else None
        return [kept] * len(keras.tree.flatten(layer.output))

    sources: list[int | None] = [*range(len(model.inputs))]
    walk(model, sources, follow)
    return limits
