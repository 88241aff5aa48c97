"""`POST /jobs?validate=true`, a dry run: what would become of a job, without making it."""

from collections.abc import Iterator
from typing import Annotated, Any, NotRequired

from flask import Request
from pydantic import Field
from typing_extensions import TypedDict

from api.guesses.guess import GuessJson
from api.jobs.shapes import ModelName
from api.requests.content import content_of
from api.security.access import current_identity
from api.security.budgets import rows_left
from api.services import Services
from api.submission.findings import Findings, Sample
from api.submission.given_options import options_of
from api.submission.guessing import Guesses
from api.submission.job_seconds import job_seconds
from api.submission.preview import Preview, preview_of
from api.submission.warnings import merged_rows_warnings, missing_words_warnings
from api.uploads.formats import Format, Kind
from shared.signature import Signature
from shared.tables.rows import Rows
from shared.tables.typed_columns import value_at

#: How many rows are shown, and how many with an error; and how much of each of their texts.
SHOWN_ROWS = 5
SHOWN_CHARS = 200


class PreviewRow(TypedDict):
    """A row as the job would read it."""

    row: Annotated[int, Field(ge=1)]
    ref: str
    text: NotRequired[
        Annotated[str, Field(description="Its beginning; empty if the row has an error.")]
    ]
    inputs: NotRequired[
        Annotated[
            dict[str, Any],
            Field(description="Its values, if the model takes other columns than a text."),
        ]
    ]
    error: str | None


class LookedAt(TypedDict):
    """How much of the upload was read; nothing is known about the rest."""

    bytes: int
    rows: int
    failed: Annotated[int, Field(description="The rows with an error.")]
    all: Annotated[bool, Field(description="Whether these are all rows of the upload.")]


class Estimate(TypedDict):
    """About what the job would cost; null where it is not known."""

    rows: Annotated[int | None, Field(description="Null if the length of the file is unknown.")]
    seconds: Annotated[
        float | None, Field(description="From its acceptance to its end, if nothing else waits.")
    ]
    rows_per_second: Annotated[float, Field(description="Of one process, as measured.")]
    processes: Annotated[int, Field(description="The processes that serve the model now.")]
    share_of_rows: Annotated[
        float | None, Field(description="Of the limit on the rows of one job.")
    ]
    share_of_waiting_rows: Annotated[
        float | None,
        Field(description="Of the limit on your waiting rows, with those that wait already."),
    ]
    budget_left: Annotated[
        int | None,
        Field(description="The rows that your budget has left today (UTC); null: no limit."),
    ]


class DryRun(TypedDict):
    """What would become of a job; nothing of it is kept."""

    detail: Annotated[str, Field(description="A sentence for people.")]
    format: str
    model: ModelName
    columns: list[str]
    sample: Sample
    options: Annotated[
        dict[str, str | list[str]],
        Field(
            description="The options of a submission that is read exactly so: those given, and "
            "the guesses, as far as they differ from the defaults."
        ),
    ]
    guessed: Annotated[
        list[GuessJson], Field(description="The guesses; empty unless `guess=true`.")
    ]
    looked_at: LookedAt
    first_rows: list[PreviewRow]
    first_errors: list[PreviewRow]
    warnings: Annotated[
        list[str], Field(description="What may be wrong although every row can be read.")
    ]
    estimate: Estimate


EXAMPLE: DryRun = {
    "detail": "This can be a job. Of the first 1,048,571 bytes 1,000 rows were looked at, no more.",
    "format": "csv",
    "model": {"name": "fast", "version": "e5cff74e16d3"},
    "columns": ["ref", "text"],
    "sample": {"columns": ["ref", "text"], "rows": [["1", "I am well"]]},
    "options": {"delimiter": "semicolon"},
    "guessed": [
        {
            "option": "delimiter",
            "value": "semicolon",
            "reason": "Every row has 2 cells, as the header, with semicolons between them, and not "
            "with commas.",
            "alternatives": [],
        }
    ],
    "looked_at": {"bytes": 1_048_571, "rows": 1000, "failed": 1, "all": False},
    "first_rows": [{"row": 1, "ref": "1", "text": "I am well", "error": None}],
    "first_errors": [{"row": 7, "ref": "7", "text": "", "error": "the text is empty"}],
    "warnings": [],
    "estimate": {
        "rows": 1_000_000,
        "seconds": 9.5,
        "rows_per_second": 52_600.0,
        "processes": 2,
        "share_of_rows": 0.02,
        "share_of_waiting_rows": 0.005,
        "budget_left": 20_000_000,
    },
}


def dry_run(services: Services, request: Request) -> DryRun:
    """Check a request as if it were to be a job, and describe the job; nothing of it is kept.

    Args:
        services: the models and the limits.
        request: the rows and the options.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job; the same error that the
            job would be refused with.
    """
    with services.body_memory.reserving() as memory:
        findings = Findings(Guesses(memory) if request.args.get("guess") == "true" else None)
        with findings.told():
            return _dry_run(services, request, findings)


def _dry_run(services: Services, request: Request, findings: Findings) -> DryRun:
    content = findings.content = content_of(request, findings.guesses)
    preview = preview_of(services, content, request, findings)
    # That of the file, if the body has its address.
    content = findings.content
    made = findings.guesses.made if findings.guesses else []
    card = preview.admitted.served.card
    rows = list(_preview_rows(card.signature, preview.rows))
    errors = [row for row in rows if row["error"] is not None]
    is_csv = content.kind.format is Format.CSV
    warnings: list[str] = []
    for one, column in zip(card.signature.inputs, preview.rows.inputs, strict=False):
        if is_csv and one.type == "string":
            what = "text" if card.signature.takes_text else one.name
            warnings += merged_rows_warnings(column, content.delimiter, what)
            if not one.required:
                warnings += missing_words_warnings(column, one.name)
    return {
        "detail": " ".join([_detail(preview, content.kind), *warnings]),
        "format": content.kind.format,
        "model": {"name": card.name, "version": card.version},
        "columns": preview.columns,
        "sample": findings.sample or {"columns": preview.columns, "rows": []},
        "options": options_of(content, made),
        "guessed": [one.as_json() for one in made],
        "looked_at": {
            "bytes": preview.size,
            "rows": len(rows),
            "failed": len(errors),
            "all": preview.is_all,
        },
        "first_rows": rows[:SHOWN_ROWS],
        "first_errors": errors[:SHOWN_ROWS],
        "warnings": warnings,
        "estimate": _estimate(services, preview, content.kind),
    }


def _detail(preview: Preview, kind: Kind) -> str:
    detail = "This can be a job."
    if preview.is_all:
        return detail
    rows = f"{len(preview.rows):,}"
    if kind.format is Format.PARQUET:
        return f"{detail} Of {preview.about_rows:,} rows the first {rows} were looked at, no more."
    size = f"{preview.size:,}"
    return f"{detail} Of the first {size} bytes {rows} rows were looked at, no more."


def _estimate(services: Services, preview: Preview, kind: Kind) -> Estimate:
    served, rows = preview.admitted.served, preview.about_rows
    full_name, seconds = served.card.full_name, None
    rate, processes = served.rate, services.fleet.processes(full_name)
    if rows:
        seconds = job_seconds(
            rows,
            _bytes_of(preview, kind),
            rate=rate,
            parts=services.fleet.part_rate(full_name),
            processes=processes,
        )
    settings, owner = services.settings, current_identity().owner
    load = services.store.load(owner)
    waiting, limit = load.rows, settings.max_waiting_rows
    if owner:
        waiting, limit = load.owner_rows, settings.owner_waiting_rows
    return {
        "rows": rows,
        "seconds": None if seconds is None else round(seconds, 3),
        "rows_per_second": round(rate, 1),
        "processes": processes,
        "share_of_rows": None if rows is None else round(rows / settings.max_rows, 6),
        "share_of_waiting_rows": None if rows is None else round((waiting + rows) / limit, 6),
        "budget_left": rows_left(services),
    }


def _bytes_of(preview: Preview, kind: Kind) -> float | None:
    """About the length of the upload as a worker reads it; None: it reads another form of it."""
    upload = preview.upload
    if kind.format not in (Format.CSV, Format.NDJSON) or not (upload and upload.content.rows):
        return None
    return (preview.about_rows or 0) * upload.content.size / upload.content.rows


def _preview_rows(signature: Signature, rows: Rows) -> Iterator[PreviewRow]:
    for at, (ref, error) in enumerate(zip(rows.refs, rows.errors, strict=True)):
        row: PreviewRow = {"row": at + 1, "ref": ref, "error": error}
        values = {
            one.name: _shown(None if error else value_at(one, column, at))
            for one, column in zip(signature.inputs, rows.inputs, strict=True)
        }
        if signature.takes_text:
            [text] = values.values()
            row["text"] = text or ""
        elif error is None:
            row["inputs"] = values
        yield row


def _shown(value: Any) -> Any:
    return value[:SHOWN_CHARS] if isinstance(value, str) else value
