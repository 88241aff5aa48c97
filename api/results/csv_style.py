"""How a CSV is written for spreadsheets: a byte order mark, another delimiter, a decimal comma."""

import codecs
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from api.requests.option_values import PARSERS, is_true
from api.schema.describe import Parameter
from shared.errors.input import BadOption
from shared.jobs.result_names import Format
from shared.tables.csv_results import COMMAS, Dialect
from shared.tables.delimiters import DELIMITERS
from shared.tables.result_formats import ROW_FORMATS, RowFormat, csv_in

_NAMES = [name for name in DELIMITERS if name.isalpha()]

PARAMETERS = (
    Parameter(
        "bom",
        {"enum": ["true", "false"]},
        "CSV only: begin with a byte order mark, without which Excel does not read UTF-8.",
    ),
    Parameter(
        "delimiter",
        {"enum": [*_NAMES, *(DELIMITERS[name] for name in _NAMES)]},
        "CSV only: the character between the cells. Default: `comma`.",
    ),
    Parameter(
        "decimal",
        {"enum": ["point", "comma", ".", ","]},
        "CSV only: the decimal sign of the outputs. Default: `point`.",
    ),
)


class CsvStyle(NamedTuple):
    """How a CSV is written."""

    dialect: Dialect = COMMAS
    bom: bool = False

    @property
    def mark(self) -> bytes:
        """The bytes before the header."""
        return codecs.BOM_UTF8 if self.bom else b""

    @property
    def form(self) -> RowFormat:
        """The format in which the rows are written."""
        return ROW_FORMATS["csv"] if self == PLAIN_STYLE else csv_in(self.dialect, self.mark)

    @property
    def tag(self) -> str:
        """A part of an `ETag`: other bytes need another one."""
        if self == PLAIN_STYLE:
            return ""
        return f".{ord(self.dialect.delimiter)}.{ord(self.dialect.decimal)}.{int(self.bom)}"


#: As the parts are stored.
PLAIN_STYLE = CsvStyle()


def form_of(wanted: Format, style: CsvStyle) -> RowFormat:
    """A format of rows, CSV or NDJSON; CSV in a style."""
    return style.form if wanted == "csv" else ROW_FORMATS[wanted]


def style_of(query: MultiDict[str, str], wanted: Format) -> CsvStyle:
    """Parse the style of a CSV.

    Args:
        query: of the request.
        wanted: the format of the answer.

    Raises:
        shared.errors.input.BadOption: an option has no valid value, or two values; or there is one,
            and the answer is no CSV; or cells would end at the decimal sign.
    """
    given: dict[str, str] = {}
    for name in ("bom", "delimiter", "decimal"):
        values = query.getlist(name)
        if len(values) > 1:
            raise BadOption(option=name, value=values[1][:80], reason="it has two values")
        if values and wanted != "csv":
            reason = f"it is for format=csv, and the answer would be {wanted}"
            raise BadOption(option=name, value=values[0][:80], reason=reason)
        if values:
            given[name] = values[0]
    delimiter = PARSERS["delimiter"](given.get("delimiter", ","))
    if delimiter not in DELIMITERS.values():
        reason = f"results are written with one of {', '.join(_NAMES)}"
        raise BadOption(option="delimiter", value=given["delimiter"][:80], reason=reason)
    decimal = PARSERS["decimal"](given.get("decimal", "."))
    if decimal == delimiter:
        reason = "the cells end at a comma too; add delimiter=semicolon"
        raise BadOption(option="decimal", value=given["decimal"], reason=reason)
    return CsvStyle(Dialect(delimiter, decimal), is_true("bom", given.get("bom", "false")))
