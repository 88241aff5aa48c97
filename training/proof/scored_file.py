"""What a file of rows with their outputs must offer; the command line reads one as a job does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from shared.signature import Input
from shared.tables.rows import Rows


class ScoredFile(Protocol):
    """A file with rows, and with the outputs of the user's own script.

    Attributes:
        path: the file, for messages.
        decimal: the decimal sign of its numbers.
        columns: the names of its columns, in order, those of inputs as the model names them.
    """

    path: Path
    decimal: str

    @property
    def columns(self) -> Sequence[str]: ...  # noqa: D102  described above

    def read(self, inputs: tuple[Input, ...], others: Sequence[str]) -> Rows:
        """Read all rows as a job does.

        Args:
            inputs: the inputs of the model.
            others: columns of which the cells are `Rows.extras`.

        Raises:
            shared.errors.input.BadInput: a column is missing, or the file cannot be read.
        """
