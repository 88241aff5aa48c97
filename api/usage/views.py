"""`/usage`: how many rows were scored for whom, and what that took."""

from typing import Annotated, Any, NotRequired, cast

from flask import Blueprint, Response, jsonify, request
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.search import owner_seen
from api.results.csv_style import PARAMETERS as STYLE_PARAMETERS
from api.results.csv_style import CsvStyle, style_of
from api.results.negotiation import file_response, wanted_format
from api.schema.describe import Answer, Content, Parameter, describes, json
from api.security.access import current_identity
from api.security.keys import OWNER
from api.services import current_services
from api.usage.report import KINDS, USUAL_DAYS, Key, Report, Wanted, report_of, wanted_by
from shared.errors.input import BadOption, UnknownOption
from shared.errors.service import NotAcceptable
from shared.jobs.result_names import Format
from shared.jobs.usage import MOST_NAMES, MOST_VALUES, Used, today
from shared.tables.csv_results import cell

blueprint = Blueprint("usage", __name__)

FORMATS: tuple[Format, ...] = ("json", "csv")

_FIGURES = ("rows", "errors", "bytes", "scoring_seconds")
_KIND = "|".join(KINDS)


class Figures(TypedDict):
    """How much was scored."""

    rows: Annotated[int, Field(description="All rows, those with an error too; each once.")]
    errors: Annotated[int, Field(description="The rows with an error.")]
    bytes: Annotated[
        int,
        Field(
            description="The length of the rows as workers read them: that of the file for CSV and "
            "NDJSON, else that of the JSON lines that the service makes of the rows."
        ),
    ]
    scoring_seconds: Annotated[
        float,
        Field(description="For which processes read, scored and wrote them; see the API's page."),
    ]


class UsageLine(Figures):
    """The usage of one group; it has the columns of `by`. Null stands for all others."""

    day: NotRequired[str]
    owner: NotRequired[Annotated[str | None, Field(description="Empty: the service had no keys.")]]
    key: NotRequired[
        Annotated[str | None, Field(description="The id of the key; empty: none, or unknown.")]
    ]
    model: NotRequired[Annotated[str | None, Field(description="`name@version`.")]]
    label: NotRequired[Annotated[str | None, Field(description="The name of the label.")]]
    value: NotRequired[Annotated[str | None, Field(description="The value of the label.")]]


Usage = TypedDict(
    "Usage",
    {
        "from": Annotated[str, Field(description="The first day (UTC).")],
        "to": Annotated[str, Field(description="The last day.")],
        "by": list[str],
        "usage": list[UsageLine],
        "total": Figures,
        "kept_days": Annotated[int, Field(description="How long a day is known.")],
        "notes": Annotated[list[str], Field(description="What to know about these lines.")],
    },
)
Usage.__doc__ = "The usage of some days."

_FIGURES_OF_ALICE: Figures = {
    "rows": 1_000_000,
    "errors": 12,
    "bytes": 81_920_000,
    "scoring_seconds": 19.25,
}
_ALICE: Any = {"owner": "alice", "key": "3fa9c1d2e3f4", **_FIGURES_OF_ALICE}
_EXAMPLE: Usage = {
    "from": "2026-11-01",
    "to": "2026-11-30",
    "by": ["owner", "key"],
    "usage": [_ALICE],
    "total": _FIGURES_OF_ALICE,
    "kept_days": 400,
    "notes": [],
}
_CSV = "owner,key,rows,errors,bytes,scoring_seconds\nalice,3fa9c1d2e3f4,1000000,12,81920000,19.25\n"

_DAY = {"type": "string", "format": "date"}


@blueprint.get("/usage")
@describes(
    {
        200: Answer(
            "The usage.",
            (*json(Usage, _EXAMPLE), Content("text/csv", {"type": "string"}, _CSV)),
        )
    },
    refused=(BadOption, UnknownOption, NotAcceptable),
    parameters=(
        Parameter("from", _DAY, f"The first day (UTC); default: {USUAL_DAYS} days up to `to`."),
        Parameter("to", _DAY, "The last day; default: today."),
        Parameter(
            "by",
            {"type": "string", "pattern": f"^({_KIND})(,({_KIND}))*$"},
            "What the usage is summed up by, separated by commas. Default: `day`. `label` goes "
            "with `day` and `owner` alone.",
            example="owner,key",
        ),
        Parameter(
            "owner",
            {"type": "string", "pattern": f"^{OWNER.pattern}$"},
            "The usage of this owner. The owner of another name needs the scope `admin`.",
        ),
        Parameter(
            "format",
            {"enum": list(FORMATS)},
            "The format of the answer; without it `Accept` decides.",
        ),
        *STYLE_PARAMETERS,
    ),
)
def usage() -> Response:
    """Return how many rows were scored, by day, owner, key, model or label.

    A row is counted once, even if a worker dies and it is scored again, and stays counted when its
    job is deleted. An owner sees the own usage, an admin everybody's.
    """
    services = current_services()
    wanted = wanted_by(request.args, today(services.store.now()))
    kind = wanted_format(request, FORMATS)
    style = style_of(request.args, kind)
    owner = owner_seen(current_identity(), wanted.owner)
    report = report_of(services.store, wanted, owner)
    if kind == "csv":
        content = style.mark + _csv(wanted, report, style)
        return file_response(content, "csv", f"usage-{wanted.first}-{wanted.last}")
    answer: Usage = {
        "from": str(wanted.first),
        "to": str(wanted.last),
        "by": list(wanted.by),
        "usage": [_line(wanted, key, used) for key, used in report.lines.items()],
        "total": _figures(report.total),
        "kept_days": services.settings.usage_days,
        "notes": _notes(wanted, report),
    }
    return jsonify(answer)


def _figures(used: Used) -> Figures:
    return {
        "rows": used.rows,
        "errors": used.failed,
        "bytes": used.bytes,
        "scoring_seconds": used.seconds,
    }


def _line(wanted: Wanted, key: Key, used: Used) -> UsageLine:
    line: Any = dict(zip(wanted.columns, key, strict=True)) | _figures(used)
    return cast("UsageLine", line)


def _notes(wanted: Wanted, report: Report) -> list[str]:
    notes = []
    if wanted.by_label:
        notes.append(
            "A job with several labels counts under each of them, and one without labels under "
            "none: the lines need not add up to the total."
        )
    if any(value is None for key in report.lines for value in key):
        limits = (
            f"an owner has lines for {MOST_NAMES} labels a day, and for {MOST_VALUES} values of "
            "each"
            if wanted.by_label
            else "a day has a limited number of lines"
        )
        notes.append(f"Null stands for all others: {limits}.")
    return notes


def _csv(wanted: Wanted, report: Report, style: CsvStyle) -> bytes:
    rows = [[*wanted.columns, *_FIGURES]]
    for key, used in report.lines.items():
        figures = _figures(used)
        seconds = str(figures["scoring_seconds"]).replace(".", style.dialect.decimal)
        numbers = [str(figures[name]) for name in ("rows", "errors", "bytes")]
        # In a CSV, an empty cell is none; others have a name that no owner, key or label has.
        names = ["(other)" if value is None else value for value in key]
        rows.append([*names, *numbers, seconds])
    lines = (
        style.dialect.delimiter.join(cell(text, style.dialect) for text in row) for row in rows
    )
    return "".join(f"{line}\n" for line in lines).encode()
