"""`/v1/files`: what batches are made of, and what they make."""

from typing import cast

from flask import Blueprint, Response, request

from api.requests.options import whole_number
from api.results.streaming import with_first_chunk
from api.schema.describe import Answer, Content, Parameter, describes, json, number
from api.services import current_services
from api.v1.results import batch_content
from api.v1.shapes import FileDeleted, FileList, FileObject, page_of
from api.v1.stored_files import (
    ID,
    find_file,
    made_by,
    owner_asked,
    store_file,
    stored_content,
    uploaded_json,
)
from shared.errors.input import BadOption, NotMultipart
from shared.errors.service import FilesFull, NoRoom, NoSuchFile, TooLarge, UnsupportedFormat
from shared.storage.batches import batch_files, batches

blueprint = Blueprint("v1_files", __name__)

#: Files on one page of the list.
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
    """Store a file of requests (JSONL), for a batch."""
    at = current_services()
    return uploaded_json(store_file(at, request))


@blueprint.get("/v1/files")
@describes(
    {200: Answer("The page.", json(FileList))},
    refused=(BadOption, NoSuchFile),
    parameters=(
        Parameter("limit", number(0, MAX_PAGE), "At most so many files."),
        Parameter("after", {"type": "string"}, "The last id of the page before."),
        Parameter("purpose", {"type": "string"}, "Those for this alone."),
        Parameter("order", {"enum": ["asc", "desc"]}, "`desc`: the newest first, as without."),
    ),
)
def list_files() -> FileList:
    """A page of the files that were uploaded, the newest or the oldest first."""
    at = current_services()
    limit = max(whole_number(request.args, "limit", MAX_PAGE, MAX_PAGE), 1)
    after, purpose, now = request.args.get("after"), request.args.get("purpose"), at.store.now()
    order = request.args.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadOption(option="order", value=order[:80], reason="it must be asc or desc")
    found = ID.fullmatch(after) if after else None
    if after and not found:
        raise NoSuchFile(file_id=after[:80])
    objects: list[FileObject] = []
    if purpose in (None, "batch"):
        shelf = batch_files(at.blobs)
        listed = shelf.newest_first if order == "desc" else shelf.oldest_first
        for file in listed(owner_asked(), found[1] if found else None):
            if file.expires_at > now:
                objects.append(uploaded_json(file))
            if len(objects) > limit:
                break
    return cast("FileList", page_of(objects, limit))


@blueprint.get("/v1/files/<file_id>")
@describes({200: Answer("The file.", json(FileObject, EXAMPLE_FILE))}, refused=(NoSuchFile,))
def retrieve_file(file_id: str) -> FileObject:
    """What a file is: one that was uploaded, or one that a batch has made."""
    at = current_services()
    made = made_by(at, file_id)
    if made is None:
        return uploaded_json(find_file(at, file_id))
    job, which = made
    kept = job.spec.retention or at.settings.retention_seconds
    ended = int(job.finished_at or job.created_at)
    return {
        "id": file_id,
        "object": "file",
        "bytes": batch_content(at, job, which).size,
        "created_at": ended,
        "expires_at": ended + int(kept),
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
            {"ETag": "Of the content.", "Accept-Ranges": "`bytes`."},
        ),
        206: Answer("The range that was asked for."),
        304: Answer("As it was."),
        416: Answer("There is no such range."),
    },
    refused=(NoSuchFile,),
    parameters=(
        Parameter("Range", {"type": "string"}, "To go on with a download.", where="header"),
    ),
)
def file_content(file_id: str) -> Response:
    """The content of a file, of which any range can be had."""
    at = current_services()
    made = made_by(at, file_id)
    content = batch_content(at, *made) if made else stored_content(at, find_file(at, file_id))
    answer = Response(content, mimetype="application/octet-stream", direct_passthrough=True)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_id}.jsonl"'
    answer.content_length = content.size
    answer.set_etag(file_id)
    answer.make_conditional(request, accept_ranges=True, complete_length=content.size)
    return with_first_chunk(answer)


@blueprint.delete("/v1/files/<file_id>")
@describes(
    {
        200: Answer(
            "It is deleted.",
            json(FileDeleted, {"id": EXAMPLE_FILE["id"], "object": "file", "deleted": True}),
        )
    },
    refused=(NoSuchFile,),
)
def delete_file(file_id: str) -> FileDeleted:
    """Delete a file.

    A batch goes on without its input. Of a file that a batch has made the rows stay with its job,
    until that expires or is deleted.
    """
    at = current_services()
    if made := made_by(at, file_id):
        job, which = made
        shelf = batches(at.blobs)
        if batch := shelf.find(job.spec.owner, job.spec.id):
            shelf.put(batch.model_copy(update={"deleted": batch.deleted | {which}}))
    else:
        file = find_file(at, file_id)
        batch_files(at.blobs).delete(file.owner, file.name)
    return {"id": file_id, "object": "file", "deleted": True}
