"""How often each value of an output occurs, such as the label of a class."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.signature import ColumnType, Output

#: The most different values that are counted each.
MOST_VALUES = 1000

#: The longest value that is counted on its own, in characters.
MOST_CHARACTERS = 256


class Labels(BaseModel):
    """The values of an output in some rows, counted by value.

    To know the most frequent values exactly, all must be counted: a value that is rare in some
    parts may be frequent in the others. So if an output has more than `MOST_VALUES` different
    values, none is counted on its own. Then the counts depend neither on how the rows are cut into
    parts nor on the order of the parts.

    Attributes:
        counts: the number of rows with each value, by its text (see `text_of`).
        other: the rows whose values are not counted on their own.
        too_many: whether there are more than `MOST_VALUES` values; then all rows are in `other`.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["labels"] = "labels"
    counts: dict[str, int] = {}
    other: int = 0
    too_many: bool = False

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(self.counts.values()) + self.other


#: The text of a value in `Labels.counts`, and the value of a text, by the type of the output.
_TEXTS: dict[ColumnType, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "string": (str, str),
    "boolean": (lambda value: "true" if value else "false", lambda text: text == "true"),
    "long": (lambda value: str(int(value)), int),
    # Adding zero makes -0.0 a 0.0.
    "double": (lambda value: repr(float(value) + 0.0), float),
}


def is_counted(output: Output) -> bool:
    """Whether an output is summed up by the number of rows with each value, not as a number."""
    return output.meaning == "label" or not output.is_number or is_only_counted(output)


def text_of(output: Output, value: Any) -> str:
    """The text of a value in `Labels.counts`."""
    return _TEXTS[output.type][0](value)


def value_of(output: Output, text: str) -> Any:
    """The value of an output of which `Labels.counts` has the text."""
    return _TEXTS[output.type][1](text)


def is_only_counted(output: Output) -> bool:
    """Whether only the number of values is known in a summary.

    Explanations are words of single rows, and effects belong to them: nearly every part has too
    many of them, and a job has up to 40 such outputs, whose sketches would leave those of the
    model less room.
    """
    return output.meaning in ("explanation", "effect")


def labels_of(output: Output, values: Iterable[Any]) -> Labels:
    """Count values, but not missing ones; those of a datetime are not told apart."""
    rows: Counter[Any] = Counter(values)
    if not output.required:
        rows.pop(None, None)
    if output.type not in _TEXTS:
        return Labels(other=rows.total())
    text_of = _TEXTS[output.type][0]
    counts: Counter[str] = Counter()
    other = 0
    for value, count in rows.items():
        text = text_of(value)
        if len(text) <= MOST_CHARACTERS and _is_unicode(text):
            counts[text] += count
        else:
            other += count
    return limited(counts, other)


def limited(counts: dict[str, int], other: int, too_many: bool = False) -> Labels:
    """The counts of values, or of none if there are too many of them."""
    if too_many or len(counts) > MOST_VALUES:
        return Labels(other=other + sum(counts.values()), too_many=True)
    return Labels(counts=dict(counts), other=other)


def _is_unicode(text: str) -> bool:
    # Half of a surrogate pair cannot be written as UTF-8.
    return text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text)
