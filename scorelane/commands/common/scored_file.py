"""Reads the file of `add-model --expect`: rows, and the outputs of the user's own script."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from api.uploads.columns import InputColumns
from api.uploads.formats import Format, kind_of_file
from api.uploads.readers import reader_of
from shared.config.settings import load_settings
from shared.errors.base import ScorelaneError
from shared.errors.input import BadOption
from shared.signature import Input
from shared.tables.csv_layout import CsvLayout
from shared.tables.rows import ReadOptions, Rows


class ScoredFile:
    """A CSV, TSV or NDJSON file, read as the service reads an upload.

    Attributes:
        path: the file.
        decimal: the decimal sign of its numbers.
    """

    def __init__(
        self,
        path: Path,
        *,
        delimiter: str | None = None,
        decimal: str = ".",
        rename: Mapping[str, str] | None = None,
    ) -> None:
        """Read the header.

        Args:
            path: the file.
            delimiter: the character between the cells of a CSV; None: as for an upload, by the
                file's ending or a first line `sep=;`.
            decimal: the decimal sign of numbers.
            rename: the name of an input, by the name of its column in the file.

        Raises:
            shared.errors.input.BadOption: it is of another kind, or cannot be used.
        """
        self.path = path
        self.decimal: str = decimal
        kind = kind_of_file("", path.name)
        if kind.format not in (Format.CSV, Format.NDJSON) or path.suffix.lower() == ".gz":
            self._refuse("write it as .csv, .tsv or .ndjson")
        self._settings = load_settings()
        self._upload = reader_of(
            kind.format,
            delimiter or kind.delimiter or ",",
            self._settings,
            lambda: path.open("rb"),
            delimiter_is_named=delimiter is not None or kind.delimiter is not None,
        )
        self._content = path.read_bytes()
        try:
            self._upload.feed(self._content)
            self._found = self._upload.finish()
        except ScorelaneError as error:
            self._refuse(str(error).rstrip("."), error)
        self._rename = dict(rename or {})
        for name in self._rename:
            if name not in self._found:
                raise BadOption(
                    option="rename",
                    value=f"{name}:{self._rename[name]}",
                    reason=f"{path} has no such column, but {', '.join(self._found)}",
                )

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns, in order, those of inputs as the model names them."""
        return [self._rename.get(name, name) for name in self._found]

    def read(self, inputs: tuple[Input, ...], others: Sequence[str]) -> Rows:
        """Read all rows as a job does; see `training.proof.scored_file.ScoredFile`.

        Raises:
            shared.errors.input.BadOption: a column is missing, or the file cannot be read.
        """
        there = {new: old for old, new in self._rename.items()}
        named = tuple(there.get(one.name, one.name) for one in inputs)
        settings = self._settings
        options = ReadOptions(settings.max_text_chars, settings.max_record_bytes, inputs)
        if missing := [name for name in named if name not in self._found]:
            self._refuse(
                f"it has no column {', '.join(missing)}, which the model takes, but "
                f"{', '.join(self._found)}. Name it with --rename, as in "
                f"{self._found[0]}:{missing[0]}"
            )
        try:
            carried = tuple(there.get(name, name) for name in others)
            layout: Any = self._upload.layout(InputColumns(named), carried)
            if isinstance(layout, CsvLayout):
                layout = layout.model_copy(update={"decimal": self.decimal})
            rows: Rows = layout.read(self._content[layout.start :], options, offset=layout.start)
        except ScorelaneError as error:
            self._refuse(str(error).rstrip("."), error)
        return rows

    def _refuse(self, reason: str, error: Exception | None = None) -> NoReturn:
        raise BadOption(option="expect", value=self.path, reason=reason) from error
