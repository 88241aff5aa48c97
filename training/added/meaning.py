"""What a user says about a model that its file does not tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors.input import BadOption
from shared.signature import Input

#: The options that say which columns a model takes and gives.
SIGNATURE_OPTIONS = ("inputs", "example", "labels", "classes", "cuts")

#: The options that say how a Keras model reads words.
KERAS_OPTIONS = (
    "word_index",
    "tokenizer",
    "max_length",
    "padding",
    "truncating",
    "unknown",
    "num_words",
    "token_pattern",
    "filters",
    "standardize",
    "lower",
)


@dataclass(frozen=True)
class Meaning:
    """How to interpret the inputs and outputs of a model. None means: as the model file says.

    Attributes:
        class_values: one number in 0..1 per class, in the order of the model's classes.
        positive: the label of the positive class of a scikit-learn model; the others are negative.
        target_range: the lowest and the highest target that a regressor was fitted to.
        vectorizer: the files of the steps before a scikit-learn model, in their order.
        word_index: the file with a Keras model's word index, a JSON object of word -> number; or
            what `tokenizer` may be.
        tokenizer: the file with a Keras `Tokenizer`, as JSON or pickle.
        max_length: the number of words that a Keras model with variable input length reads.
        padding: where zeros pad a row: `post` (after the words) or `pre` (before them).
        truncating: which end of a long text is cut off: `post` (its end) or `pre`.
        unknown: the number of words that are not in the word index; `drop` leaves them out.
        num_words: words of the word index with this number or a higher one are unknown.
        token_pattern: a regular expression for one lower-cased word of the word index.
        filters: the characters that end a word, as in Keras's `Tokenizer`; `default`: its own.
        standardize: how texts are changed before they are split at white space, as in Keras's
            `TextVectorization`.
        lower: with `filters`: lower-case texts.
        inputs: the columns that the model takes, such as `age:double,name:string?` (see
            `training.added.given_inputs`), or as an MLflow model has them.
        example: a file with rows that the model can score; its columns are the model's inputs.
        labels: the names of the outputs of a model that predicts several, in its order.
        classes: the names of the classes of a Keras model or an ONNX file, in the order of its
            numbers.
        cuts: the scores from which a text is neutral and positive; gives a column `label`.
    """

    class_values: Sequence[float] | None = None
    positive: str | None = None
    target_range: Sequence[float] | None = None
    vectorizer: Sequence[Path] | None = None
    word_index: Path | None = None
    tokenizer: Path | None = None
    max_length: int | None = None
    padding: str | None = None
    truncating: str | None = None
    unknown: str | int | None = None
    num_words: int | None = None
    token_pattern: str | None = None
    filters: str | None = None
    standardize: str | None = None
    lower: bool | None = None
    inputs: str | tuple[Input, ...] | None = None
    example: Path | None = None
    labels: Sequence[str] | None = None
    classes: Sequence[str] | None = None
    cuts: Sequence[float] | None = None

    def refuse(self, options: Iterable[str], reason: str) -> None:
        """Refuse options that do not fit the kind of model.

        Raises:
            shared.errors.input.BadOption: one of them is given.
        """
        for option in options:
            if (value := getattr(self, option)) is not None:
                raise BadOption(option=option, value=value, reason=reason)
