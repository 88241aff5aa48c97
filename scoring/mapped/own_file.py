"""Loads a model from its own files when it is first needed; its folder may be gone by then."""

import io
import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from shared.card import Card
from shared.model import Model, load_own
from shared.private_copies import open_copy

#: The bytes that are copied at a time.
_CHUNK = 2**20


class OwnFile:
    """The files of a model that its card names, kept with their content until they are needed.

    The files of the folder may be overwritten where they are. So these are copies that nobody
    changes, whose digests were checked: a pickle is code.
    """

    def __init__(self, folder: Path, card: Card) -> None:
        """Open copies of the files.

        Raises:
            shared.errors.model.DigestMismatch: one has another content than the card says.
            OSError: one cannot be read.
        """
        self._card = card
        with ExitStack() as stack:
            self._files = {
                name: stack.enter_context(open_copy(folder / name, digest))
                for name, digest in card.files.items()
            }
            self._close = weakref.finalize(self, stack.pop_all().close)
        self._lock = Lock()
        self._model: Model | None = None

    def model(self) -> Model:
        """The model, loaded at the first call; callable from any thread.

        Raises:
            shared.errors.model.ModelError: it cannot be loaded here.
            OSError: it cannot be copied.
        """
        with self._lock:
            if self._model is None:
                self._model = self._loaded()
                self._files = {}
                self._close()
            return self._model

    def _loaded(self) -> Model:
        with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
            folder = Path(room) / self._card.name
            folder.mkdir()
            for name, file in self._files.items():
                with (folder / name).open("wb") as copied:
                    copied.writelines(_chunks(file))
            return load_own(folder, self._card)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """The content of an open file, whatever its position."""
    if isinstance(file, io.BytesIO):
        yield file.getvalue()
        return
    offset = 0
    # By offset: processes that inherited the open file share its position.
    while chunk := os.pread(file.fileno(), _CHUNK, offset):
        yield chunk
        offset += len(chunk)
