"""`POST /jobs?validate=true`: what would become of a job, without making it."""

from collections.abc import Iterator
from typing import Annotated

from flask import Request
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import ModelName
from api.requests.content import content_of
from api.requests.terms import terms_of
from api.security.access import current_identity
from api.services import Services
from api.submission.preview import preview_of
from api.uploads.formats import Format
from shared.tables.rows import Rows

#: So many rows are shown, and so many with an error; so much of each of their texts.
SHOWN = 5
SHOWN_CHARS = 200


class ShownRow(TypedDict):
    """A row as it would be read."""

    row: Annotated[int, Field(ge=1)]
    ref: str
    text: Annotated[str, Field(description="Its beginning; empty where it has an error.")]
    error: str | None


class LookedAt(TypedDict):
    """How much was looked at: of the rest it is not known whether it can be read."""

    bytes: int
    rows: int
    failed: Annotated[int, Field(description="Those with an error.")]
    all: Annotated[bool, Field(description="Whether that is all there is.")]


class Estimate(TypedDict):
    """About what the job would cost; null where it cannot be told."""

    rows: Annotated[int | None, Field(description="Of a file whose length is not known: null.")]
    seconds: Annotated[float | None, Field(description="Of scoring, if nothing else waits.")]
    rows_per_second: Annotated[float, Field(description="Of one process, as measured.")]
    processes: Annotated[int, Field(description="That serve the model now.")]
    share_of_rows: Annotated[float | None, Field(description="Of the rows that a job may have.")]
    share_of_waiting_rows: Annotated[
        float | None, Field(description="Of the rows that you may have waiting, with what waits.")
    ]


class DryRun(TypedDict):
    """What would become of a job; nothing of it was kept."""

    detail: Annotated[str, Field(description="A sentence for people.")]
    format: str
    model: ModelName
    columns: list[str]
    looked_at: LookedAt
    first_rows: list[ShownRow]
    first_errors: list[ShownRow]
    estimate: Estimate


EXAMPLE: DryRun = {
    "detail": "This can be a job. Of the first 1,048,571 bytes 1,000 rows were looked at, no more.",
    "format": "csv",
    "model": {"name": "fast", "version": "e5cff74e16d3"},
    "columns": ["ref", "text"],
    "looked_at": {"bytes": 1_048_571, "rows": 1000, "failed": 1, "all": False},
    "first_rows": [{"row": 1, "ref": "1", "text": "I am well", "error": None}],
    "first_errors": [{"row": 7, "ref": "7", "text": "", "error": "the text is empty"}],
    "estimate": {
        "rows": 1_000_000,
        "seconds": 9.5,
        "rows_per_second": 52_600.0,
        "processes": 2,
        "share_of_rows": 0.02,
        "share_of_waiting_rows": 0.005,
    },
}


def dry_run(services: Services, request: Request) -> DryRun:
    """Look at the beginning of what was sent as if it were a job; nothing is stored or queued.

    Args:
        services: have the models and the limits.
        request: the rows and the options.

    Raises:
        shared.errors.service.ScorelaneError: it could be no job, as a job would say it.
    """
    sent = content_of(request)
    options = sent.begun
    served = services.model(options.model)
    terms_of(options, services.settings)
    read = preview_of(services, sent, request)
    rate, processes = served.rate, services.fleet.processes(served.card.full_name)
    rows, settings = read.about_rows, services.settings
    load = services.store.load(current_identity().owner)
    waiting, most = load.rows, settings.max_waiting_rows
    if current_identity().owner:
        waiting, most = load.owner_rows, settings.owner_waiting_rows
    shown = list(_shown(read.rows))
    what = f"Of the first {read.size:,} bytes {len(read.rows):,} rows"
    if sent.kind.format is Format.PARQUET:
        what = f"Of {rows:,} rows the first {len(read.rows):,}"
    no_more = f" {what} were looked at, no more."
    return {
        "detail": "This can be a job." + ("" if read.all else no_more),
        "format": sent.kind.format,
        "model": {"name": served.card.name, "version": served.card.version},
        "columns": read.columns,
        "looked_at": {
            "bytes": read.size,
            "rows": len(read.rows),
            "failed": sum(row["error"] is not None for row in shown),
            "all": read.all,
        },
        "first_rows": shown[:SHOWN],
        "first_errors": [row for row in shown if row["error"] is not None][:SHOWN],
        "estimate": {
            "rows": rows,
            "seconds": round(rows / rate / processes, 3) if rows and processes else None,
            "rows_per_second": round(rate, 1),
            "processes": processes,
            "share_of_rows": None if rows is None else round(rows / settings.max_rows, 6),
            "share_of_waiting_rows": None if rows is None else round((waiting + rows) / most, 6),
        },
    }


def _shown(rows: Rows) -> Iterator[ShownRow]:
    for at, (ref, text, error) in enumerate(
        zip(rows.refs, rows.texts, rows.errors, strict=True), 1
    ):
        yield {"row": at, "ref": ref, "text": text[:SHOWN_CHARS], "error": error}
