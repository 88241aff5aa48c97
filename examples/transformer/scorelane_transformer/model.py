"""The runtime: a transformer text classifier in ONNX Runtime."""

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override

from scorelane_transformer.tokens import STEP, Batch, Tokens
from scoring.graphs.session import open_session
from scoring.independence import check_rows
from shared.errors.model import UnusableModel
from shared.model import Card, Model
from shared.signature import Input, Output, Signature
from shared.tables.trial_rows import trial_rows

FORMAT = "transformer"
TOKENIZER_FILE = "tokenizer.json"

#: What the graph gives: numbers of any size, to be put through a softmax; or probabilities.
GIVES = ("logits", "probabilities")

TRUNCATED = "truncated"

#: The inputs that a graph may have. All tokens of a single text have the type 0.
_IDS, _MASK, _TYPES = "input_ids", "attention_mask", "token_type_ids"

#: Over this number of classes, the probabilities are given on request only.
_MANY_CLASSES = 20

#: How far the sum of the probabilities of a row may be from 1.
_SUM_TOLERANCE = 1e-3

#: How far the outputs of a text may be from those with padding: the rounding of 32-bit numbers.
_PADDING_TOLERANCE = 1e-5

_TRIAL_ROWS = 8


def signature_of(classes: list[str], text_column: str = "text") -> Signature:
    """The signature of a classifier of texts.

    Args:
        classes: the names of the classes, in the order of the graph's output.
        text_column: the name of the input.
    """
    probabilities = [
        Output(
            name=f"probability_{one}",
            meaning="probability",
            of=one,
            minimum=0,
            maximum=1,
            on_request=len(classes) > _MANY_CLASSES,
        )
        for one in classes
    ]
    return Signature(
        inputs=(Input(name=text_column),),
        outputs=(
            Output(name="label", type="string", meaning="label"),
            *probabilities,
            Output(name=TRUNCATED, type="boolean", on_request=True),
        ),
    )


class TransformerModel(Model):
    """A tokenizer and a graph; `load` reads `tokenizer.json` and `model.transformer`.

    The options of its card are `classes`, the names in the order of the graph's output; `gives`,
    one of `GIVES`; and `max_length`, the most tokens of a text that the model reads.
    """

    def __init__(self, folder: Path, card: Card) -> None:
        """Open both files, and check that the outputs of a row depend on nothing but the row.

        Raises:
            ValueError: they do, or the files and the card do not fit together.
        """
        self.card = card
        self._classes = np.array(card.options["classes"], dtype=object)
        self._gives = card.options["gives"]
        if self._gives not in GIVES:
            raise ValueError(f"the option gives must be one of {', '.join(GIVES)}")
        self._tokens = Tokens(folder / TOKENIZER_FILE, card.options["max_length"])
        self._session = open_session(folder / card.model_file)
        self._names = [one.name for one in self._session.get_inputs()]
        if unknown := {*self._names} - {_IDS, _MASK, _TYPES} or {_IDS, _MASK} - {*self._names}:
            raise ValueError(
                f"its graph must take {_IDS} and {_MASK}, and may take {_TYPES}; "
                f"this does not fit: {', '.join(sorted(unknown))}"
            )
        self._check_length(card.options["max_length"])
        self._check_padding(card.options["max_length"])
        check_rows(self.score, trial_rows(self, _TRIAL_ROWS))

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        try:
            return cls(folder, card)
        except (ValueError, KeyError) as error:
            raise UnusableModel(path=folder / card.model_file, reason=str(error)) from error

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        (text,) = self.card.signature.inputs
        rows, truncated = self._tokens.cut(frame[text.name].tolist())
        found = np.empty((len(rows), len(self._classes)))
        if rows:
            for batch in self._tokens.batches(rows):
                found[batch.places] = self._probabilities(batch)
        labels = self._classes[found.argmax(axis=1)]
        columns = {"label": pd.Series(labels, frame.index, dtype=object)}
        for number, name in enumerate(self._classes):
            columns[f"probability_{name}"] = pd.Series(found[:, number], frame.index)
        columns[TRUNCATED] = pd.Series(truncated, frame.index, dtype=bool)
        return pd.DataFrame(columns)

    @override
    def warm_up(self) -> None:
        self.score(trial_rows(self, _TRIAL_ROWS))

    def _check_length(self, length: int) -> None:
        """Check that the graph can read a text of the most tokens, and that its outputs fit.

        Raises:
            ValueError: it has no embeddings for this number of places, or the outputs do not fit.
        """
        ids, mask = np.zeros((1, length), np.int64), np.ones((1, length), np.int64)
        try:
            self._probabilities(Batch(np.array([0]), ids, mask))
        except ValueError:
            raise
        # ONNX Runtime has a separate exception class for each of its error codes.
        except Exception as error:
            reason = f"its graph cannot read {length} tokens; give it a smaller max_length: {error}"
            raise ValueError(reason) from error

    def _check_padding(self, most: int) -> None:
        """Check that padding does not change what the graph gives.

        Raises:
            ValueError: it does, so the graph does not heed its mask.
        """
        (text,) = self.card.signature.inputs
        rows, _ = self._tokens.cut(trial_rows(self, _TRIAL_ROWS)[text.name].tolist())
        for row in rows:
            bare, padded = (
                self._probabilities(self._tokens.batch(np.array([0]), [row], length))
                for length in (len(row), min(len(row) + STEP, most))
            )
            if (apart := np.abs(bare - padded).max()) > _PADDING_TOLERANCE:
                raise ValueError(
                    f"its outputs change by {apart:.2g} if a text is padded, so they would depend "
                    f"on the batch: export a graph that masks the padding by {_MASK}, and whose "
                    "texts are padded at their end"
                )

    def _probabilities(self, batch: Batch) -> npt.NDArray[np.float64]:
        """An array of n x classes for a batch of n texts.

        Raises:
            ValueError: the graph gives another shape, or no probabilities where it should.
        """
        values = {_IDS: batch.ids, _MASK: batch.mask, _TYPES: np.zeros_like(batch.ids)}
        given = {name: values[name] for name in self._names}
        found = np.asarray(self._session.run(None, given)[0], dtype=np.float64)
        if found.shape != (len(batch.ids), len(self._classes)):
            shape = " x ".join(map(str, found.shape))
            raise ValueError(
                f"its graph gives {shape} numbers for {len(batch.ids)} texts, and the card names "
                f"{len(self._classes)} classes"
            )
        if self._gives == "logits":
            powers = np.exp(found - found.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        sums = found.sum(axis=1)
        if found.min() < 0 or np.abs(sums - 1).max() > _SUM_TOLERANCE:
            raise ValueError("the outputs of its graph are no probabilities that add up to 1")
        return found
