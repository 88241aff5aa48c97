"""A model folder as a tar file, read while it is sent."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scorelane.client.errors import InvalidSource
from scorelane.client.upload import Upload

_CARD = "card.json"

#: The file that a card names by a field of its own.
_MAPPED = "mapped.npz"

#: The bytes that are read at a time.
_CHUNK = 2**20

#: Zeros at the end of a tar file.
_END = bytes(2 * tarfile.BLOCKSIZE)


def archive_of(folder: Path) -> Upload:
    """The files of a model folder that its card names, and the card, as a tar file.

    Raises:
        InvalidSource: it is no model folder.
    """
    card = _card_of(folder)
    try:
        names = [_CARD, *card["files"], *([_MAPPED] if card.get("mapped") else [])]
        sizes = {name: (folder / name).stat().st_size for name in names}
    except (OSError, KeyError, TypeError) as error:
        raise InvalidSource(f"'{folder}' is no model folder: {error}.") from error

    def content() -> Iterator[bytes]:
        for name, size in sizes.items():
            head = tarfile.TarInfo(name)
            head.size = size
            yield head.tobuf(tarfile.PAX_FORMAT)
            with (folder / name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
            yield bytes(-size % tarfile.BLOCKSIZE)
        yield _END

    heads = sum(len(tarfile.TarInfo(name).tobuf(tarfile.PAX_FORMAT)) for name in sizes)
    padded = sum(size + -size % tarfile.BLOCKSIZE for size in sizes.values())
    return Upload("application/x-tar", content, size=heads + padded + len(_END))


def name_in(folder: Path) -> str:
    """The name of the model in a folder.

    Raises:
        InvalidSource: it is no model folder.
    """
    return str(_card_of(folder).get("name", ""))


def _card_of(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / _CARD).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise InvalidSource(f"'{folder}' is no model folder: {error}.") from error
