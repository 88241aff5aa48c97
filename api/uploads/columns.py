"""The columns of an upload that hold the inputs of the model and the refs."""

from collections.abc import Collection
from dataclasses import dataclass, field

from shared.errors.input import NoSuchColumn


@dataclass(frozen=True)
class InputColumns:
    """Where the inputs and the refs of rows are.

    Attributes:
        inputs: the name of the column of each input, in the order of the signature.
        ref: the name of the column with the refs; None: `ref`, if it exists.
        options: the option that names an input's column, by the column's name.
        words: the names of the columns with the strings of a table: other blanks around a cell
            make it another value for the model.
    """

    inputs: tuple[str, ...]
    ref: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of the ref and the inputs."""
        return (self.ref or "ref", *self.inputs)

    def require(self, found: Collection[str]) -> None:
        """Check that all columns exist that are named here.

        Args:
            found: the names of all columns.

        Raises:
            shared.errors.input.NoSuchColumn: one of them does not exist.
        """
        for column in (*self.inputs, *([self.ref] if self.ref is not None else ())):
            if column not in found:
                self.refuse(column, found)

    def refuse(self, column: str, found: Collection[str], hint: str = "") -> None:
        """Refuse an upload without this column.

        Raises:
            shared.errors.input.NoSuchColumn: always.
        """
        option = self.options.get(column, "ref_column")
        if len(self.inputs) > 1 and (missing := [one for one in self.inputs if one not in found]):
            column = "', '".join(missing)
        raise NoSuchColumn(column=column, found=(", ".join(found) or "none") + hint, option=option)
