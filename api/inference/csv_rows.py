"""The rows of a CSV that is scored while the client waits: by the rules of a job's CSV."""

from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload
from shared.config.settings import Settings
from shared.signature import Input
from shared.tables.rows import ReadOptions, Rows

#: About how many bytes of memory a cell takes, and how many times the text is there.
_CELL_BYTES, _COPIES = 150, 6


def memory_of_csv(body: bytes) -> int:
    """Estimate the most memory that a CSV takes at a time, until its rows are stored."""
    return _COPIES * len(body) + _CELL_BYTES * (body.count(b",") + body.count(b"\n"))


def csv_rows(
    body: bytes, where: InputColumns, inputs: tuple[Input, ...], settings: Settings
) -> Rows:
    """Read a CSV in UTF-8, with a header and commas.

    Args:
        body: the CSV.
        where: the names of the columns with the inputs.
        inputs: of the model.
        settings: supply the limits.

    Raises:
        shared.errors.input.BadInput: it is no such CSV, or has no row, or not all columns.
    """
    reader = CsvUpload()
    reader.feed(body)
    layout = reader.layout(where)
    options = ReadOptions(settings.max_text_chars, settings.max_record_bytes, inputs)
    return layout.read(body[layout.start :], options, offset=layout.start)
