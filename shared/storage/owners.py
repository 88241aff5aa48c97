"""The folders of owners in the blob store: an owner's blobs are below `<room>of-<owner>/`."""

from urllib.parse import quote, unquote

from shared.storage.blobs import Blobs

#: Before each name, because an owner may be called `..`.
_PREFIX = "of-"


def owner_folder(room: str, owner: str) -> str:
    """What the keys of an owner's blobs begin with.

    Args:
        room: what the keys of all owners' blobs begin with; it ends in `/`.
        owner: the owner's name, which may have any characters; empty if the API requires no keys.
    """
    return f"{room}{_PREFIX}{quote(owner, safe='')}/"


def owners_in(blobs: Blobs, room: str) -> list[str]:
    """The names of the owners that have folders in a room."""
    return [unquote(folder.removeprefix(_PREFIX)) for folder in blobs.folders(room)]
