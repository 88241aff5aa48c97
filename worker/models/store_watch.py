"""Watches models in object storage, by a folder of this machine that follows them."""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from shared.card import Card
from shared.errors.system import sentence_of
from shared.model_folders import ModelFolders
from worker.models.folder_watch import FolderWatch
from worker.models.store_mirror import Mirrored

logger = logging.getLogger(__name__)


class Mirror(Protocol):
    """What copies the models; see `worker.models.store_mirror.StoreMirror`."""

    url: str
    folder: Path

    def sync(self) -> Mirrored:
        """Copy what is new or changed.

        Raises:
            OSError: the store cannot be listed.
        """


class StoreWatch(FolderWatch):
    """The models under a prefix.

    A thread copies them, because that may take long, and models that are loaded must be followed
    meanwhile. While the store does not answer, what is here stays as it is.
    """

    def __init__(
        self,
        mirror: Mirror,
        serve: str = "",
        *,
        seconds: float,
        removed: Callable[[], Collection[str]] = tuple,
        declines: Callable[[Card], str] = lambda _: "",
    ) -> None:
        """Take what copies the models.

        Args:
            mirror: what copies them.
            serve: see `FolderWatch`.
            seconds: from the end of one listing to the next.
            removed: see `FolderWatch`.
            declines: see `FolderWatch`.
        """
        super().__init__(mirror.folder, serve, removed=removed, declines=declines)
        self._mirror = mirror
        self._seconds = seconds
        self._mirrored = Mirrored(frozenset(), {})
        self._unreachable = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models-mirror", daemon=True)

    @override
    def start(self) -> None:
        """Start the thread that copies."""
        self._thread.start()

    @override
    def stop(self) -> None:
        """Copy nothing more; a copy that is under way is not waited for."""
        self._stopped.set()

    @override
    def look(self) -> ModelFolders | None:
        """Look at the folder of this machine; see `FolderWatch.look`.

        `failed` has the folders that could not be copied, too, and the address of the prefix while
        it cannot be listed.
        """
        found = super().look()
        if found is None:
            return None
        names, failed = self._mirrored
        unreachable = {self._mirror.url: self._unreachable} if self._unreachable else {}
        failed = found.failed | failed | unreachable
        return replace(found, failed=failed, names=found.names | names)

    def sync(self) -> None:
        """Copy what is new or changed; note it if the store cannot be listed, and log it once."""
        trouble = ""
        try:
            self._mirrored = self._mirror.sync()
        except OSError as error:
            trouble = sentence_of(error)
        if trouble and not self._unreachable:
            logger.error(
                "the models in %s cannot be listed; what is served stays so: %s",
                self._mirror.url,
                trouble,
            )
        elif self._unreachable and not trouble:
            logger.info("the models in %s can be listed again", self._mirror.url)
        self._unreachable = trouble

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.sync()
            except Exception:
                # If this thread ended, no change would be seen any more.
                logger.exception("the models in %s could not be copied", self._mirror.url)
            self._stopped.wait(self._seconds)
