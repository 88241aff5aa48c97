"""Takes in what a job brings: checks it as it passes, stores it, records the job, dispatches it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Request

from api.access import check_room, who
from api.bodies import chunks_of
from api.multipart import MultipartUpload
from api.options import JobOptions, job_options
from api.services import Services
from shared.errors import TooLarge, UnsupportedFormat
from shared.fleet import Served
from shared.job import NDJSON, Job, Layout, Spec, folder_of, new_job_id, upload_key_of
from shared.manifest import write_manifest
from shared.tables.csv_upload import CsvUpload
from shared.tables.json_rows import Pair, json_rows, parse_json
from shared.tables.parts import write_rows

#: A job of few rows is cut into so many parts for each process, so that all have work to its end.
PARTS_PER_PROCESS = 4

#: But into none smaller than this share of a full part: each part costs some milliseconds.
LEAST_PART = 0.1

#: A job whose rows take longer, of a slow model, is no small one: it would be scored in one go.
SMALL_SECONDS = 10.0

BULK_ADVICE = "Send more rows as a CSV: POST /jobs with Content-Type: text/csv."


def take_job(services: Services, request: Request) -> Job:
    """Take in a `POST /jobs`, and dispatch its first step.

    The order is: content, manifest, record, message. A job in the queue has a record, and a record
    has its content; what a crash leaves without a manifest is nobody's job.

    Raises:
        shared.errors.ScorelaneError: it cannot be used; nothing of it is kept.
    """
    match request.mimetype:
        case "application/json":
            options = job_options(request.args)
            served = services.model(options.model)
            return _take_json(services, served, options, read_json(services, request))
        case "text/csv":
            options = job_options(request.args)
            services.model(options.model)
            _check_length(services, request.content_length)
            return _take_csv(services, chunks_of(request), request.args, {})
        case "multipart/form-data":
            _check_length(services, request.content_length)
            form = MultipartUpload(chunks_of(request), request.mimetype_params.get("boundary"))
            return _take_csv(services, form.chunks(), request.args, form.fields)
        case found:
            raise UnsupportedFormat(
                found=found or "none",
                supported="text/csv (curl: --data-binary @file -H 'Content-Type: text/csv'), "
                "application/json or multipart/form-data (curl: -F file=@file)",
            )


def read_json(services: Services, request: Request) -> Any:
    """The parsed JSON body.

    Raises:
        shared.errors.TooLarge: it is over the limit for JSON.
        shared.errors.NotJson: it is not JSON.
    """
    limit = services.settings.max_json_bytes
    chunks, size = [], request.content_length or 0
    if size <= limit:
        size = 0
        for chunk in chunks_of(request):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                break
    if size > limit:
        raise TooLarge(what="JSON body", limit=f"{limit:,}", unit="bytes", advice=BULK_ADVICE)
    return parse_json(b"".join(chunks))


def record_small(services: Services, served: Served, pairs: list[Pair]) -> Job:
    """Put a few rows into their model's waiting list, and ring the doorbell if need be."""
    content = write_rows(pairs)
    spec = Spec(
        id=new_job_id(services.store.now()),
        model=served.card.name,
        version=served.card.version,
        kind="small",
        layout=NDJSON,
        size=len(content),
        owner=who().owner,
    )
    job = Job(spec=spec, created_at=services.store.now(), total=len(pairs))
    if services.store.create(job, content):
        services.dispatch.answer(spec.full_name)
    return job


def _take_json(services: Services, served: Served, options: JobOptions, value: Any) -> Job:
    pairs = json_rows(value, text_column=options.text_column, ref_column=options.ref_column)
    if len(pairs) <= min(services.settings.small_rows, served.rate * SMALL_SECONDS):
        return record_small(services, served, pairs)
    _check_rows(services, len(pairs))
    check_room(services, len(pairs))
    content = write_rows(pairs)
    with _new_folder(services) as job_id:
        spec = _bulk_spec(services, served, job_id, NDJSON, len(content), len(pairs))
        services.blobs.put(spec.upload_key, content)
        return _record_bulk(services, spec)


def _take_csv(
    services: Services, chunks: Iterator[bytes], query: Any, fields: dict[str, str]
) -> Job:
    # Before it is read: no byte is stored of what there is no room for.
    check_room(services, 0)
    upload = CsvUpload()
    with _new_folder(services) as job_id:
        key = upload_key_of(job_id)
        with services.blobs.writing(key) as file:
            for chunk in chunks:
                upload.feed(chunk)
                _check_length(services, upload.size)
                file.write(chunk)
            # A form's fields may come behind its file.
            options = job_options(query, fields)
            served = services.model(options.model)
            layout = upload.layout(options.text_column, options.ref_column)
            _check_columns(services, layout.width)
            check_room(services, upload.about_rows)
        spec = _bulk_spec(services, served, job_id, layout, upload.size, upload.about_rows)
        return _record_bulk(services, spec)


def _bulk_spec(
    services: Services, served: Served, job_id: str, layout: Layout, size: int, rows: int
) -> Spec:
    return Spec(
        id=job_id,
        model=served.card.name,
        version=served.card.version,
        kind="bulk",
        layout=layout,
        size=size,
        owner=who().owner,
        about_rows=rows,
        rows_per_part=_rows_per_part(services, served, rows),
    )


def _rows_per_part(services: Services, served: Served, rows: int) -> int:
    """As many rows as take `part_seconds`; fewer where the job is too short for all processes.

    Args:
        services: say how many processes there are.
        served: says how fast each of them is.
        rows: about how many the job has.
    """
    most = served.rate * services.settings.part_seconds
    processes = max(services.fleet.processes(served.card.full_name), 1)
    share = rows / (processes * PARTS_PER_PROCESS)
    return max(int(min(most, max(share, most * LEAST_PART))), 1)


def _record_bulk(services: Services, spec: Spec) -> Job:
    job = Job(spec=spec, created_at=services.store.now())
    write_manifest(services.blobs, job, [])
    services.store.create(job)
    services.dispatch.split(spec.full_name, spec.id)
    return job


@contextmanager
def _new_folder(services: Services) -> Iterator[str]:
    """An id for a bulk job; what was stored for it goes if the block raises."""
    job_id = new_job_id(services.store.now())
    try:
        yield job_id
    except BaseException:
        services.blobs.delete(folder_of(job_id))
        raise


def _check_length(services: Services, length: int | None) -> None:
    limit = services.settings.max_upload_bytes
    if length is not None and length > limit:
        advice = "Split the file, or have SCORELANE_MAX_UPLOAD_BYTES raised."
        raise TooLarge(what="upload", limit=f"{limit:,}", unit="bytes", advice=advice)


def _check_columns(services: Services, columns: int) -> None:
    limit = services.settings.max_columns
    if columns > limit:
        advice = "Send the columns of the texts and the references alone."
        raise TooLarge(what="number of columns", limit=f"{limit:,}", unit="columns", advice=advice)


def _check_rows(services: Services, rows: int) -> None:
    limit = services.settings.max_rows
    if rows > limit:
        advice = "Send them as several jobs."
        raise TooLarge(what="number of rows", limit=f"{limit:,}", unit="rows", advice=advice)
