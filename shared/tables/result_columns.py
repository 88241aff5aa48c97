"""The columns of a result: the ref, the outputs of the model, the error, and what is carried."""

from dataclasses import dataclass

from shared.signature import SENTIMENT, Output


@dataclass(frozen=True)
class ResultColumns:
    """The columns of a result, in order.

    Attributes:
        outputs: the outputs of the model.
        carried: the names of the columns that are carried through from the upload.
    """

    outputs: tuple[Output, ...] = SENTIMENT.outputs
    carried: tuple[str, ...] = ()

    @property
    def fixed(self) -> tuple[str, ...]:
        """The names of the columns that do not depend on the upload."""
        return ("ref", *(output.name for output in self.outputs), "error")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return (*self.fixed, *self.carried)

    @property
    def error_at(self) -> int:
        """The index of the column with the error."""
        return len(self.outputs) + 1


#: The columns of an article's result, to which nothing is carried.
PLAIN = ResultColumns()
