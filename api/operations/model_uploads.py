"""`PUT /models/NAME`: a model that is uploaded, where an operator allows it."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from flask import Blueprint, request
from pydantic import Field
from typing_extensions import TypedDict

from api.requests.body import chunks_of
from api.schema.describe import Answer, Content, describes, json
from api.security.access import current_identity
from api.services import current_services
from api.uploads.model_archive import unpack
from shared.card import Card, read_card
from shared.config.object_address import object_address
from shared.config.settings import Settings
from shared.errors.input import BadModelArchive, UnknownOption
from shared.errors.model import ModelError
from shared.errors.service import ModelsNotWritable, ModelUploadsOff, NoRoom, TooLarge
from shared.errors.system import sentence_of
from shared.new_model_folder import check_name, new_model_folder
from shared.publishing import publish
from shared.storage.object_errors import ObjectStorageError
from shared.stored_models import StoredModels

logger = logging.getLogger(__name__)

blueprint = Blueprint("model_uploads", __name__)


class UploadedModel(TypedDict):
    """A model that was stored where the workers find it."""

    model: Annotated[str, Field(description="Its name and version, as `model=` takes them.")]
    name: str
    version: str
    bytes: Annotated[int, Field(description="The bytes of its files.")]
    next: Annotated[str, Field(description="How to see whether it is served.")]


_NEXT = (
    "Workers try it within seconds. GET /models lists it in `versions` once one serves it, and in "
    "`failed`, with the reason, if it cannot be served."
)
_EXAMPLE: UploadedModel = {
    "model": "mine@3f2a1b2c3d4e",
    "name": "mine",
    "version": "3f2a1b2c3d4e",
    "bytes": 1_048_576,
    "next": _NEXT,
}
_TAR = Content("application/x-tar", {"type": "string", "format": "binary"})


@blueprint.put("/models/<name>")
@describes(
    {201: Answer("The model was stored.", json(UploadedModel, _EXAMPLE))},
    refused=(
        UnknownOption,
        ModelUploadsOff,
        BadModelArchive,
        TooLarge,
        ModelsNotWritable,
        NoRoom,
    ),
    body=(_TAR,),
)
def upload_model(name: str) -> tuple[UploadedModel, int, dict[str, str]]:
    """Upload a new version of a model: a tar file of a model folder with its `card.json`.

    It is refused unless `SCORELANE_MODEL_UPLOADS` is true and the service has API keys, because a
    model can be code that the workers run. No code of it runs in the API: it compares the files
    with the digests on the card. `scorelane add-model --upload` makes the folder, tries the model
    and sends it.
    """
    settings, key = current_services().settings, current_identity()
    if not settings.model_uploads:
        raise ModelUploadsOff(reason="SCORELANE_MODEL_UPLOADS is not true")
    if not key.id:
        raise ModelUploadsOff(reason="it has no API keys, so anybody could upload one")
    if request.args:
        raise UnknownOption(option=next(iter(request.args))[:80], options="none")
    try:
        with _new_folder(settings, name) as folder:
            size = unpack(chunks_of(request), folder, settings.max_model_bytes)
            card = _checked(folder, name)
    except ModelError as error:
        raise BadModelArchive(reason=str(error).rstrip(".")) from None
    except ObjectStorageError as error:
        raise ModelsNotWritable(reason=sentence_of(error).rstrip(".")) from None
    except PermissionError as error:
        raise ModelsNotWritable(reason=f"{settings.models_dir}: {error.strerror}") from None
    logger.info("%s was uploaded by %s (key %s)", card.full_name, key.owner, key.id)
    answer: UploadedModel = {
        "model": card.full_name,
        "name": card.name,
        "version": card.version,
        "bytes": size,
        "next": _NEXT,
    }
    return answer, 201, {"Location": "/models"}


@contextmanager
def _new_folder(settings: Settings, name: str) -> Iterator[Path]:
    """Provide a folder whose content becomes a version when the block ends without an error."""
    if settings.models:
        stored = StoredModels(object_address(settings.models))
        with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
            check_name(Path(room) / "none", name, force=False)
            folder = Path(room)
            yield folder
            publish(folder, stored, force=False)
        return
    if not settings.models_dir.is_dir():
        # It would be made here, where no worker may look.
        raise ModelsNotWritable(
            reason=f"the API has no folder {settings.models_dir} (SCORELANE_MODELS_DIR), and it "
            "must be that of the workers"
        )
    with new_model_folder(settings.models_dir, name, force=False) as folder:
        yield folder


def _checked(folder: Path, name: str) -> Card:
    """The card of an unpacked model, whose files match it.

    Raises:
        shared.errors.input.BadModelArchive: they do not, or the name is another one.
    """
    try:
        card = read_card(folder)
    except ModelError as error:
        # The path is one of this machine.
        reason = str(error).replace(f"{folder}/", "").replace(str(folder), "it")
        raise BadModelArchive(reason=reason.rstrip(".")) from None
    if card.name != name:
        raise BadModelArchive(reason=f"its card names the model '{card.name}'")
    known = {*card.digests, "card.json"}
    if strange := sorted(one.name for one in folder.iterdir() if one.name not in known):
        raise BadModelArchive(reason=f"its card does not name the file {strange[0][:80]!r}")
    return card
