"""Runs a Keras model over the columns of a table in TensorFlow."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from typing_extensions import override

from scoring.networks.feeds import Feeds
from scoring.networks.keras_files import all_layers
from scoring.networks.table_network import RowsRefused, TableNetwork

#: The most strings of one layer that are kept.
_MOST_WORDS = 3000


class TensorFlowTable(TableNetwork):
    """A Keras model compiled by `tf.function`, traced once for any number of rows."""

    def __init__(self, model: Any, feeds: Feeds, units: int) -> None:
        """Compile a model.

        Args:
            model: a Keras model whose outputs are rows of numbers.
            feeds: its inputs, in the order of `model.inputs`.
            units: how many numbers it gives for a row.
        """
        super().__init__(feeds, units)
        self.words = _known_strings(model) if feeds.has_strings else ()
        # A list of inputs and of outputs, whatever structure of dicts the model was built with.
        flat = keras.Model(list(model.inputs), list(model.outputs))
        sizes = [one.shape[-1] for one in flat.outputs]
        specs = [tf.TensorSpec(one.shape, one.dtype) for one in flat.inputs]

        def outputs(*arrays: Any) -> Any:
            found = keras.tree.flatten(flat(list(arrays), training=False))
            rows = [tf.reshape(one, (-1, size)) for one, size in zip(found, sizes, strict=True)]
            return tf.concat([tf.cast(one, tf.float64) for one in rows], axis=1)

        self._function = tf.function(outputs, input_signature=specs)

    @override
    def run(self, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        try:
            outputs: npt.NDArray[np.float64] = self._function(*map(tf.constant, arrays)).numpy()
        except tf.errors.InvalidArgumentError as error:
            raise RowsRefused(str(error)) from error
        return outputs


def _known_strings(model: Any) -> tuple[str, ...]:
    """Strings that the layers of a model look up."""
    found: dict[str, None] = {}
    for layer in all_layers(model):
        if hasattr(layer, "get_vocabulary"):
            found.update(dict.fromkeys(map(str, layer.get_vocabulary()[:_MOST_WORDS])))
    return tuple(word for word in found if word)
