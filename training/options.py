"""The options of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from shared.errors.input import BadOption
from training.labelled_cells import Reading
from training.opinions import Lessons

#: `fast` is a scikit-learn pipeline, `deep` a Keras network.
Kind = Literal["fast", "deep"]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What to train, and how.

    Attributes:
        kind: `fast` (scikit-learn) or `deep` (Keras).
        name: the name of the new model.
        output: the folder that holds the model folders.
        seed: the seed of the split and of every random choice in training.
        epochs: the maximum number of epochs of a `deep` model, at least 1.
        teachers: the number of models that are trained first, for a `deep` model to learn from.
        vectors: a file of word vectors in GloVe's format that a `deep` model starts with.
        lessons: another model's opinions of texts, and word vectors.
        weights: file name without its endings -> the weight of each row of that file; default 1.
        detokenise: the texts are Treebank-tokenised, and this must be undone first.
        reading: the names of columns, delimiter and charset of the files.
        description: the description in the model's card.
        report: also write `report/index.html` with figures, plots and errors into the model folder.
        force: remove an existing model of the same name, in place of keeping it as a version.

    Raises:
        shared.errors.input.BadOption: `kind` is unknown, or `epochs` is less than 1.
    """

    kind: Kind
    name: str
    output: Path
    seed: int = 0
    epochs: int = 12
    teachers: int = 0
    vectors: Path | None = None
    lessons: Lessons | None = None
    weights: Mapping[str, float] | None = None
    detokenise: bool = False
    reading: Reading = Reading()  # noqa: RUF009  it is frozen
    description: str = ""
    report: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise BadOption(option="kind", value=self.kind, reason="it is neither fast nor deep")
        if self.epochs < 1:
            raise BadOption(option="epochs", value=self.epochs, reason="it must be 1 or more")
