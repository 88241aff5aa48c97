"""Opens the blob store that the settings name: a folder, or object storage."""

from shared.config.object_address import object_address
from shared.config.settings import Settings
from shared.storage.blob_process import ProcessBlobs
from shared.storage.blobs import BlobStore
from shared.storage.direct_files import DirectFiles, ObjectDirectFiles
from shared.storage.folder_blobs import FolderBlobs
from shared.storage.object_blobs import ObjectBlobs


def identity_of(settings: Settings) -> str:
    """The id of the blob store; empty if it is a folder that nobody has made yet, or has none."""
    if not settings.blobs and not settings.blobs_dir.is_dir():
        return ""
    return open_blobs(settings).identity()


def open_blobs(settings: Settings, *, forks: bool = False) -> BlobStore:
    """Open the blob store; nothing is read or written yet.

    Args:
        settings: name the store.
        forks: whether this process goes on forking others that use the store. obstore does not
            survive a fork, so a process of its own then uses it.
    """
    if not settings.blobs:
        return FolderBlobs(settings.blobs_dir)
    if forks:
        return ProcessBlobs(settings.blobs)
    return ObjectBlobs(object_address(settings.blobs))


def open_direct_files(settings: Settings) -> DirectFiles | None:
    """Open the direct files of the blob store; None if the blobs are in a folder."""
    if not settings.blobs:
        return None
    return ObjectDirectFiles(object_address(settings.blobs), settings.blobs_endpoint)
