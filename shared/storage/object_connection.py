"""The connection to object storage: opened when it is needed, and again with other credentials."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from shared.config.object_address import ObjectAddress
from shared.storage.blobs import Result
from shared.storage.object_errors import CredentialsExpired, as_os_errors
from shared.storage.object_store import check_fork, open_object_store

if TYPE_CHECKING:
    from obstore.store import ObjectStore

#: The setting that names the blob store.
BLOBS = "SCORELANE_BLOBS"

#: The pauses before a call is repeated because the credentials have expired, in seconds.
RENEWAL_PAUSES = (0.5, 1.0, 2.0, 4.0)


class ObjectConnection:
    """Calls a store. Making it opens nothing."""

    def __init__(
        self,
        address: ObjectAddress,
        open_store: Callable[[ObjectAddress], "ObjectStore"] | None = None,
        named_in: str = BLOBS,
    ) -> None:
        """Take the address.

        Args:
            address: of the store.
            open_store: opens the store in place of `open_object_store`.
            named_in: the setting that has the address, for messages.
        """
        self._address = address
        self._named_in = f" in {named_in}"
        self._open_store = open_store or open_object_store
        self._opened: ObjectStore | None = None

    @property
    def store(self) -> "ObjectStore":
        """The store.

        Raises:
            RuntimeError: this process was forked from one that has used object storage.
            ValueError: a variable of the environment is not valid.
        """
        check_fork()
        if self._opened is None:
            self._opened = self._open_store(self._address)
        return self._opened

    def errors(self) -> AbstractContextManager[None]:
        """Raises the errors of the store as those of a disk, within a block."""
        return as_os_errors(self._address.place, self._named_in)

    def call(self, run: "Callable[[ObjectStore], Result]") -> Result:
        """Call the store; if it says that the credentials have expired, a few times more.

        obstore repeats requests that were throttled or lost, but not these. The store is opened
        again, because a role or a token file may have other credentials by now.

        Args:
            run: makes one call; it may be repeated.

        Raises:
            OSError: the store does not do it.
        """
        pauses = list(RENEWAL_PAUSES)
        while True:
            store = self.store
            try:
                with self.errors():
                    return run(store)
            except CredentialsExpired:
                if not pauses:
                    raise
            time.sleep(pauses.pop(0))
            if self._opened is store:
                self._opened = None
