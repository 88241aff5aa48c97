"""The runtime for Keras models that take the columns of a table, or texts, as they are.

The model's own layers look words up and scale numbers. A compiled model runs in ONNX Runtime, any
other in TensorFlow. Each library is imported only when a model needs it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd
from typing_extensions import override

from scoring.networks.compiled import COMPILED_FILE
from scoring.networks.feeds import Feeds
from scoring.networks.heads import Heads
from scoring.networks.table_network import TableNetwork
from scoring.networks.table_rows import rows_for
from shared.card import Card
from shared.errors.model import NoRuntime, UnusableModel
from shared.model import Model

#: The most whole numbers of an input that are named for a trial.
_MOST_VALUES = 1000


class KerasTable(Model):
    """A Keras model over columns.

    `load` reads `model.onnx` if the model was compiled, else `model.keras`. It raises
    `shared.errors.model.NoRuntime` if the library that runs the model is not installed.
    """

    def __init__(self, network: TableNetwork, heads: Heads, card: Card) -> None:
        self.card = card
        self.network = network
        self._heads = heads

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        try:
            heads = Heads.of_card(card)
            if heads is None:
                raise ValueError("its card has no heads")  # noqa: TRY301  one way to refuse a card
            feeds = Feeds.from_options(card.options, card.signature.inputs)
            return cls(_network(folder, card, feeds, heads), heads, card)
        except ValueError as error:
            raise UnusableModel(path=folder / card.model_file, reason=str(error)) from error

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(self._heads.result(self.network.outputs(frame)), index=frame.index)

    @override
    def warm_up(self) -> None:
        # One row, and then a full batch, which takes the peak memory.
        network, inputs = self.network, self.card.signature.inputs
        for rows in (1, network.batch_rows):
            network.outputs(rows_for(network.feeds, inputs, rows, words=network.words))

    def trial_values(self) -> Mapping[str, Sequence[Any]]:
        """Values that the model knows, by the name of their input; see `Model.trial_values`."""
        if self.card.signature.takes_text:
            return {}
        known: dict[str, Sequence[Any]] = {}
        for feed in self.network.feeds.each:
            if feed.below is not None:
                known |= dict.fromkeys(feed.columns, range(min(feed.below, _MOST_VALUES)))
            elif feed.dtype == "string" and self.network.words:
                known |= dict.fromkeys(feed.columns, self.network.words)
        return known


def _network(folder: Path, card: Card, feeds: Feeds, heads: Heads) -> TableNetwork:
    if COMPILED_FILE in card.files:
        try:
            from scoring.networks.onnx_table import OnnxTable  # noqa: PLC0415  see the docstring
        except ImportError as error:
            raise NoRuntime(name=card.name, format=card.format, reason=error) from error
        return OnnxTable(folder / COMPILED_FILE, feeds, heads.units)
    try:
        from scoring.networks.keras_files import read_keras  # noqa: PLC0415  see the docstring
        from scoring.networks.tensorflow_network import use_one_thread  # noqa: PLC0415  likewise
        from scoring.networks.tensorflow_table import TensorFlowTable  # noqa: PLC0415  likewise
    except ImportError as error:
        reason = f"{error}, and the model is not compiled: {COMPILED_FILE} is not in its card"
        raise NoRuntime(name=card.name, format=card.format, reason=reason) from error
    use_one_thread()
    return TensorFlowTable(read_keras(folder / card.model_file), feeds, heads.units)
