"""Finds the models that a worker serves: in its models folder, or under a prefix of a store."""

from contextlib import closing, nullcontext
from dataclasses import replace

from shared.config.settings import Settings
from shared.errors.model import ModelError, NoModelFolder, NoSoundModel
from shared.errors.system import sentence_of
from shared.library_fit import declines
from shared.model_folders import ModelFolders, read_folders
from shared.storage.object_errors import ObjectStorageError
from worker.models.mirror_process import MirrorProcess
from worker.models.store_watch import Mirror


def open_mirror(settings: Settings) -> MirrorProcess | None:
    """What copies the models from object storage; None: they are in a folder.

    Raises:
        OSError: this user has no folder for copies.
    """
    return MirrorProcess(settings.models, settings.serve) if settings.models else None


def find_models_once(settings: Settings) -> ModelFolders:
    """Find the models of the settings, for a program that does not follow them.

    Raises:
        Exception: as `find_models` raises it.
    """
    mirror = open_mirror(settings)
    with closing(mirror) if mirror else nullcontext():
        return find_models(settings, mirror)


def find_models(settings: Settings, mirror: Mirror | None) -> ModelFolders:
    """Find the models to serve, and copy those that are in object storage.

    Args:
        settings: name the models folder.
        mirror: what copies the models; None: they are in the models folder.

    Raises:
        shared.errors.model.ModelError: there is no model, or none is sound.
        OSError: the models folder cannot be read, or the store not be listed.
    """
    declined = declines(settings.library_versions)
    if mirror is None:
        return read_folders(settings.models_dir, settings.serve, declined)
    try:
        names, failed = mirror.sync()
    except ObjectStorageError as error:
        reason = f"the models in {mirror.url} cannot be listed: {sentence_of(error)}"
        raise ObjectStorageError(error.errno, reason.rstrip(".")) from None
    if not names:
        raise NoModelFolder(folder=mirror.url, reason="there is no model folder in it")
    try:
        found = read_folders(mirror.folder, settings.serve, declined)
    except ModelError as error:
        if not failed:
            raise
        reasons = " ".join([*failed.values(), str(error)])
        raise NoSoundModel(folder=mirror.url, reasons=reasons) from None
    return replace(found, failed=found.failed | failed, names=found.names | names)
