"""Files in object storage that a client downloads from the store itself, by a signed address.

A blob holds the checksums of `shared.storage.sealed`, so nobody else can open it. A direct file
holds what a user wants to have, and nothing around it.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from shared.config.object_address import ObjectAddress
from shared.storage.object_errors import as_os_errors
from shared.storage.object_store import check_fork, open_object_store
from shared.storage.object_upload import uploading

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ObjectStore, S3Store

#: For how long a signed address is valid, in seconds.
ADDRESS_SECONDS = 600


class DirectFile(BaseModel):
    """What is known of a direct file; the record is written after the file."""

    model_config = ConfigDict(frozen=True)

    size: int  #: The length, in bytes.
    sha256: str  #: The digest of the content, in hexadecimal digits.


class DirectFiles(Protocol):
    """Writes direct files, and signs addresses of them."""

    def writing(self, key: str, media_type: str, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write to. It appears when the block ends, unless the block raises.

        Args:
            key: where it is; `Blobs.delete` deletes it there.
            media_type: the store gives it to those who download the file.
            name: the name under which a browser saves it.

        Raises:
            OSError: the file could not be written.
        """

    def sign(self, key: str) -> str:
        """An address that needs no key for `ADDRESS_SECONDS`, for requests with the method GET.

        Raises:
            OSError: the credentials of the service cannot sign.
        """


class ObjectDirectFiles(DirectFiles):
    """Direct files in the object storage of the blobs.

    As for `shared.storage.object_blobs.ObjectBlobs`, no process may use it that was forked from one
    that has. Making it uses nothing.
    """

    def __init__(
        self,
        address: ObjectAddress,
        endpoint: str = "",
        open_store: Callable[..., "ObjectStore"] = open_object_store,
    ) -> None:
        """Take where the blobs are.

        Args:
            address: of the blobs.
            endpoint: the address of the store for clients, if it is not that of `AWS_ENDPOINT_URL`.
            open_store: opens the store.
        """
        self._address = address
        self._endpoint = endpoint
        self._open_store = open_store
        self._stores: dict[str, ObjectStore] = {}

    def _store(self, endpoint: str = "") -> "ObjectStore":
        check_fork()
        if endpoint not in self._stores:
            self._stores[endpoint] = self._open_store(self._address, os.environ, endpoint)
        return self._stores[endpoint]

    @override
    def writing(self, key: str, media_type: str, name: str) -> AbstractContextManager[BinaryIO]:
        attributes: Attributes = {
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        errors = partial(as_os_errors, self._address.place)
        return uploading(self._store(), key, attributes, errors)

    @override
    def sign(self, key: str) -> str:
        import obstore  # noqa: PLC0415

        with as_os_errors(self._address.place):
            # Of the stores that an address can name, each can sign.
            store = cast("S3Store", self._store(self._endpoint))
            return obstore.sign(store, "GET", key, timedelta(seconds=ADDRESS_SECONDS))
