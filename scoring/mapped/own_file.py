"""Loads a model from its own file when it is first needed; its folder may be gone by then."""

import os
import tempfile
import weakref
from pathlib import Path
from threading import Lock

from shared.card import Card
from shared.model import Model, load_own

#: The bytes that are copied at a time.
_CHUNK = 2**20


class OwnFile:
    """The own file of a model, held open until it is needed."""

    def __init__(self, folder: Path, card: Card) -> None:
        """Open the file.

        Raises:
            OSError: there is none.
        """
        self._card = card
        self._file = os.open(folder / card.model_file, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
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
            return self._model

    def _loaded(self) -> Model:
        with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
            folder = Path(room) / self._card.name
            folder.mkdir()
            with (folder / self._card.model_file).open("wb") as copied:
                offset = 0
                # By offset: processes that inherited the open file share its position.
                while chunk := os.pread(self._file, _CHUNK, offset):
                    copied.write(chunk)
                    offset += len(chunk)
            return load_own(folder, self._card)
