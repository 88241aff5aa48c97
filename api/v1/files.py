"""`/v1/files`: the input files of batches, and their output and error files."""

from typing import cast

from flask import Blueprint, Response, request

from api.requests.options import whole_number
from api.results.byte_ranges import answer_range
from api.results.streaming import with_first_chunk
from api.schema.describe import Answer, Content, Parameter, describes, json, number
from api.services import current_services
from api.v1.results import batch_content
from api.v1.shapes import FileDeleted, FileList, FileObject, page_of
from api.v1.stored_files import (
    ID,
    find_batch_file,
    find_file,
    owner_filter,
    store_file,
    stored_content,
    uploaded_json,
)
from shared.errors.input import BadOption, NotMultipart
from shared.errors.service import (
    DataDamaged,
    FilesFull,
    NoRoom,
    NoSuchFile,
    TooLarge,
    UnsupportedFormat,
)
from shared.storage.batches import batch_files, batches

blueprint = Blueprint("v1_files", __name__)

#: The most files on one page of the list.
MAX_PAGE = 10_000

EXAMPLE_FILE: FileObject = {
    "id": "file-01a204966fa35422ff536f2ca2bb56e4",
    "object": "file",
    "bytes": 120,
    "created_at": 1_767_268_800,
    "expires_at": 1_767_873_600,
    "filename": "reviews.jsonl",
    "purpose": "batch",
    "status": "processed",
}

_FORM = Content(
    "multipart/form-data",
    {
        "type": "object",
        "properties": {
            "purpose": {"const": "batch"},
            "file": {"type": "string", "format": "binary"},
        },
        "required": ["purpose", "file"],
    },
)


@blueprint.post("/v1/files")
@describes(
    {200: Answer("The file.", json(FileObject, EXAMPLE_FILE))},
    refused=(NotMultipart, UnsupportedFormat, BadOption, TooLarge, FilesFull, NoRoom),
    body=(_FORM,),
)
def upload_file() -> FileObject:
    """Upload a file of requests (JSONL) for a batch."""
    services = current_services()
    return uploaded_json(store_file(services, request))


@blueprint.get("/v1/files")
@describes(
    {200: Answer("A page of files.", json(FileList))},
    refused=(BadOption, NoSuchFile),
    parameters=(
        Parameter("limit", number(1, MAX_PAGE), "The most files on the page."),
        Parameter("after", {"type": "string"}, "The `last_id` of the previous page."),
        Parameter("purpose", {"type": "string"}, "List files with this purpose alone."),
        Parameter(
            "order",
            {"enum": ["asc", "desc"]},
            "`desc`, the default: the newest first. `asc`: the oldest first.",
        ),
    ),
)
def list_files() -> FileList:
    """A page of the uploaded files, the newest or the oldest first."""
    services = current_services()
    limit = whole_number(request.args, "limit", MAX_PAGE, MAX_PAGE, least=1)
    after, purpose, now = (
        request.args.get("after"),
        request.args.get("purpose"),
        services.store.now(),
    )
    order = request.args.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadOption(option="order", value=order[:80], reason="it must be asc or desc")
    found = ID.fullmatch(after) if after else None
    if after and not found:
        raise NoSuchFile(file_id=after[:80])
    objects: list[FileObject] = []
    if purpose in (None, "batch"):
        records = batch_files(services.blobs)
        ordered = records.newest_first if order == "desc" else records.oldest_first
        for file in ordered(owner_filter(), found[1] if found else None):
            if file.expires_at > now:
                objects.append(uploaded_json(file))
            if len(objects) > limit:
                break
    return cast("FileList", page_of(objects, limit))


@blueprint.get("/v1/files/<file_id>")
@describes({200: Answer("The file.", json(FileObject, EXAMPLE_FILE))}, refused=(NoSuchFile,))
def retrieve_file(file_id: str) -> FileObject:
    """The metadata of a file, either uploaded or written by a batch."""
    services = current_services()
    batch_file = find_batch_file(services, file_id)
    if batch_file is None:
        return uploaded_json(find_file(services, file_id))
    job, which = batch_file
    retention = job.spec.retention or services.settings.retention_seconds
    ended = int(job.finished_at or job.created_at)
    return {
        "id": file_id,
        "object": "file",
        "bytes": batch_content(services, job, which).size,
        "created_at": ended,
        "expires_at": ended + int(retention),
        "filename": f"batch_{job.spec.id}_{which}.jsonl",
        "purpose": "batch_output",
        "status": "processed",
    }


@blueprint.get("/v1/files/<file_id>/content")
@describes(
    {
        200: Answer(
            "The content.",
            (Content("application/octet-stream", {"type": "string", "format": "binary"}),),
            {"ETag": "Identifies the content, which never changes.", "Accept-Ranges": "`bytes`."},
        ),
        206: Answer("The range of the content that `Range` names."),
        304: Answer("The client has this content already: it matches its `If-None-Match`."),
        416: Answer("The range begins after the last byte."),
    },
    refused=(NoSuchFile,),
    parameters=(Parameter("Range", {"type": "string"}, "To continue a download.", where="header"),),
)
def file_content(file_id: str) -> Response:
    """The content of a file, or any range of it."""
    services = current_services()
    batch_file = find_batch_file(services, file_id)
    content = (
        batch_content(services, *batch_file)
        if batch_file
        else stored_content(services, find_file(services, file_id))
    )
    response = Response(content, mimetype="application/octet-stream", direct_passthrough=True)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_id}.jsonl"'
    response.set_etag(file_id)
    answer_range(response, content)
    return with_first_chunk(response)


@blueprint.delete("/v1/files/<file_id>")
@describes(
    {
        200: Answer(
            "The file is deleted.",
            json(FileDeleted, {"id": EXAMPLE_FILE["id"], "object": "file", "deleted": True}),
        )
    },
    refused=(NoSuchFile,),
)
def delete_file(file_id: str) -> FileDeleted:
    """Delete a file.

    A batch continues if its input file is deleted. Deleting an output or error file leaves the rows
    in the batch's job, until the job expires or is deleted.
    """
    services = current_services()
    if batch_file := find_batch_file(services, file_id):
        job, which = batch_file
        records = batches(services.blobs)
        if batch := records.find(job.spec.owner, job.spec.id):
            records.put(batch.model_copy(update={"deleted": batch.deleted | {which}}))
    else:
        files = batch_files(services.blobs)
        try:
            file = find_file(services, file_id)
            files.delete(file.owner, file.name)
        except DataDamaged:
            # Whose it is cannot be read in its record; an owner has folders of its own.
            owner = owner_filter()
            for one in files.owners() if owner is None else [owner]:
                files.delete(one, file_id.removeprefix("file-"))
    return {"id": file_id, "object": "file", "deleted": True}
