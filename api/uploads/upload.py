"""What every reader of an upload can do."""

from typing import Protocol

from api.uploads.columns import InputColumns
from shared.tables.layouts import FileLayout

#: A hint for a file of one line: `curl -d @FILE` leaves the line ends of the file out.
LOST_LINE_ENDS = ", and no line end (curl keeps them with --data-binary, and not with -d)"


class Upload(Protocol):
    """Checks every chunk of an upload once, in constant memory, and finds where its rows are."""

    size: int  #: The bytes that were fed so far.

    @property
    def held(self) -> int:
        """The bytes of the upload that the reader holds until it has found the columns."""
        return 0

    @property
    def about_rows(self) -> int:
        """About how many rows the upload has."""

    def feed(self, chunk: bytes) -> None:
        """Check the next chunk.

        Raises:
            shared.errors.input.BadInput: the upload cannot be used.
        """

    def finish(self) -> list[str]:
        """Return the names of the columns. Call it after all chunks were fed, and stored.

        Raises:
            shared.errors.input.BadInput: the upload cannot be used.
        """

    def layout(self, where: InputColumns, carried: tuple[str, ...] = ()) -> FileLayout:
        """Return where the rows are. Call it after all chunks were fed, and stored.

        Args:
            where: names the columns of the inputs and the refs.
            carried: the names of the columns that are carried through to the results.

        Raises:
            shared.errors.input.NoSuchColumn: a named column does not exist.
            shared.errors.input.BadInput: the upload cannot be used.
        """
