"""Runs a Keras model in TensorFlow.

Beside it, only `tensorflow_table`, `keras_files` and `keras_walk` in `scoring` import TensorFlow or
Keras.
"""

from contextlib import suppress
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from scoring.networks.heads import HEADS, Heads
from scoring.networks.keras_checks import brief, check_outputs
from scoring.networks.keras_files import all_layers
from scoring.networks.keras_network import Network
from scoring.networks.sequences import padded

#: The lengths of the rows of random word numbers that a model must score when it is loaded.
_TRIAL_LENGTHS = (0, 1, 2, 3, 3, 5, 8, 13)

#: The number of further random rows whose outputs must be probabilities.
_MORE_TRIAL_ROWS = 64


class TensorFlowNetwork(Network):
    """A Keras model compiled by `tf.function`.

    It is traced once for any number of rows and any row length, so no input causes a new trace.
    """

    def __init__(self, model: Any, options: dict[str, Any] | None = None) -> None:
        """Check and compile a model.

        Args:
            model: a Keras model with one input of n rows of word numbers, and one output of n rows
                of K probabilities or of one number in 0..1; or with the outputs that `heads`
                describes.
            options: may hold `max_length`, `padding` (`post` or `pre`), `class_values` and `heads`;
                they replace the defaults.

        Raises:
            ValueError: the model does not have this form; the message says why.
        """
        options = options or {}
        embeddings = _embeddings(model)
        words = min(embedding.input_dim for embedding in embeddings)
        super().__init__(model.input_shape[1], words, options)
        self._heads = Heads.from_options(options, scores=False) if HEADS in options else None
        self._function = _compiled(model)
        outputs = self._run_trial_rows()
        self._set_classes(outputs.shape[1], options)
        maskable = all(layer.supports_masking for layer in all_layers(model))
        if maskable and all(embedding.mask_zero for embedding in embeddings):
            self._skip_zeros_if_exact(model, outputs)

    def outputs(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Run the model on n rows of word numbers, all of one length; returns an array of n x K."""
        outputs: npt.NDArray[np.float32] = self._function(rows).numpy()
        return outputs

    def _run_trial_rows(self) -> npt.NDArray[np.float32]:
        """Run the trial rows at full length, check the outputs, and return them.

        Raises:
            ValueError: the model does not take the rows, or does not give scores; the message says
                why.
        """
        rows = self.full_rows(self._trial_rows())
        try:
            outputs = self._function(rows)
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise ValueError(f"it does not take rows of word numbers ({brief(error)})") from error
        if not hasattr(outputs, "numpy") or outputs.shape.rank != 2:
            raise ValueError("it must have one output, of one row per text")
        checked: npt.NDArray[np.float32] = outputs.numpy()
        self._check(checked, rows)
        # Outputs without a bound, such as of a tanh, may be in 0..1 for a few rows by chance.
        more = self.full_rows(self._more_trial_rows())
        self._check(self._function(more).numpy(), more)
        return checked

    def _check(self, outputs: npt.NDArray[np.float32], rows: npt.NDArray[np.int32]) -> None:
        """Check that outputs are what they are taken for.

        Raises:
            ValueError: they are not; the message says why.
        """
        if self._heads is None:
            check_outputs(outputs, rows)
            return
        for head, part in zip(self._heads.each, self._heads.parts(outputs), strict=True):
            if head.kind == "classes":
                check_outputs(part, rows)

    def _skip_zeros_if_exact(self, model: Any, expected: npt.NDArray[np.float32]) -> None:
        """Switch to a function of variable length if it gives every trial row the same output.

        The trial rows are passed without their zeros. A layer's own claim to support masking is
        not reliable, so the outputs are compared.
        """
        try:
            shorter = self._function
            if model.input_shape[1] is not None:
                shorter = _compiled(_any_length(model))
            rows = [[*filter(None, row)] for row in self._trial_rows()]
            together = shorter(padded(rows, max(1, *map(len, rows)))).numpy()
            alone = [shorter(padded([row], max(1, len(row)))).numpy()[0] for row in rows]
        except (ValueError, TypeError, tf.errors.OpError):
            return
        if np.allclose([together, alone], expected, rtol=0, atol=1e-5, equal_nan=True):
            self._function, self.skips_zeros = shorter, True

    def _more_trial_rows(self) -> list[list[int]]:
        random = np.random.default_rng(1)
        shape = min(_MORE_TRIAL_ROWS, self.batch_rows), min(8, self.max_length)
        rows: list[list[int]] = random.integers(0, self.words, shape).tolist()
        return rows

    def _trial_rows(self) -> list[list[int]]:
        random = np.random.default_rng(0)
        rows: list[list[int]] = [
            random.integers(0, self.words, min(length, self.max_length)).tolist()
            for length in _TRIAL_LENGTHS
        ]
        for row in rows[3:]:
            row[len(row) // 2] = 0  # stands for a word that is not in the word index
        return rows


def use_one_thread() -> None:
    """Limit TensorFlow to one thread, because workers run one process per core."""
    with suppress(RuntimeError):  # TensorFlow has already started, and cannot be changed any more
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def _compiled(model: Any) -> Any:
    rows_of_numbers = tf.TensorSpec((None, model.input_shape[1]), tf.int32)

    def outputs(ids: Any) -> Any:
        found = model(ids, training=False)
        several = keras.tree.flatten(found)
        return tf.concat(several, axis=1) if len(several) > 1 else found

    return tf.function(outputs, input_signature=[rows_of_numbers])


def _any_length(model: Any) -> Any:
    """Clone the model, with an input of variable length."""
    clone = keras.models.clone_model(model, input_tensors=keras.Input((None,), dtype="int32"))
    clone.set_weights(model.get_weights())
    return clone


def _embeddings(model: Any) -> list[Any]:
    """Check the form of the model's input and return its embedding layers.

    Raises:
        ValueError: the model does not take rows of word numbers; the message says why.
    """
    if any("vocabulary" in layer.get_config() for layer in all_layers(model)):
        raise ValueError(
            "it takes texts, not word numbers; save the part after its TextVectorization or "
            "StringLookup as a model, and give that layer's vocabulary with --word-index"
        )
    if stateful := [one.name for one in all_layers(model) if getattr(one, "stateful", False)]:
        raise ValueError(
            f"its layer {stateful[0]} keeps its state, so a score would depend on the rows before; "
            "set stateful=False and save it again"
        )
    if not isinstance(model.input_shape, tuple) or len(model.input_shape) != 2:
        raise ValueError("it must have one input, of rows of word numbers")
    embeddings = [one for one in all_layers(model) if isinstance(one, keras.layers.Embedding)]
    if not embeddings:
        raise ValueError("it has no Embedding layer, so it does not take word numbers")
    return embeddings
