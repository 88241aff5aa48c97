"""What a dry run finds out about an upload, step by step, whether or not it can be a job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from api.requests.content import RequestContent
from api.services import Services
from api.submission.admission import Admitted, admit
from api.submission.given_options import options_of
from api.submission.guessing import Guesses
from api.uploads.formats import Format
from api.uploads.raw_table import RawTable
from shared.errors.base import ScorelaneError
from shared.tables.stored_rows import cell_text

#: How many rows a sample has, and how many characters of each cell.
SAMPLE_ROWS = 5
SAMPLE_CHARS = 200


class Sample(TypedDict):
    """The first rows as they were sent, with all columns."""

    columns: Annotated[list[str], Field(description="The names of all columns.")]
    rows: Annotated[
        list[list[str | None]],
        Field(
            description=f"Up to {SAMPLE_ROWS} rows: up to {SAMPLE_CHARS} characters of each cell, "
            "null where a row has none."
        ),
    ]


def sample_of(table: RawTable) -> Sample:
    """Return the beginnings of the cells of the first rows."""
    rows, width = (table.texts or table.rows)[:SAMPLE_ROWS], len(table.columns)
    shown = [[*map(_shown, row), *[None] * (width - len(row))] for row in rows]
    return {"columns": table.columns, "rows": shown}


def _shown(cell: Any) -> str | None:
    # Half of a surrogate pair, which JSON may hold, cannot be in an answer.
    text = None if cell is None else cell_text(cell)[:SAMPLE_CHARS]
    return text and text.encode("utf-8", "replace").decode()


class Findings:
    """What is known so far of an upload.

    Attributes:
        content: the request's content, once it was begun.
        guesses: what was guessed; None: guesses are not wanted.
        sample: its columns and first rows; None until its header was read.
    """

    def __init__(self, guesses: Guesses | None = None) -> None:
        self.content: RequestContent | None = None
        self.guesses = guesses
        self.sample: Sample | None = None

    def see(
        self,
        admitted: Admitted,
        columns: list[str],
        read: Callable[[], RawTable | None],
        services: Services,
    ) -> Admitted:
        """Note the columns and the first rows, and return what the options with guesses decide.

        Args:
            admitted: what the options decide.
            columns: the names of all columns.
            read: reads the first rows.
            services: the limits and the models.

        Raises:
            shared.errors.base.ScorelaneError: the rows or the options cannot be used.
        """
        if len(columns) > services.settings.max_columns:
            # The rows of so many columns may take gigabytes, although most cells are missing.
            self.sample = sample_of(RawTable(columns))
            return admitted
        table = read() or RawTable(columns)
        self.sample = sample_of(table)
        if self.guesses is None or self.content is None:
            return admitted
        return self.guesses.review(
            admitted,
            self.content.given,
            table,
            lambda options: admit(services, options),
            is_csv=self.content.kind.format is Format.CSV,
        )

    def known(self) -> dict[str, Any]:
        """Return what is known, as members of an answer."""
        known: dict[str, Any] = {}
        if self.sample is not None:
            known |= {"columns": self.sample["columns"], "sample": self.sample}
        if self.content is not None:
            made = self.guesses.made if self.guesses else []
            known["options"] = options_of(self.content, made)
            known["guessed"] = [one.as_json() for one in made]
        return known

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let an error that leaves the block carry what is known by then."""
        try:
            yield
        except ScorelaneError as error:
            error.known |= self.known()
            raise
