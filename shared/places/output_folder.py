"""A folder of a user that gets the results of a job: the files, and last the manifest."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, ENODEV
from typing import TYPE_CHECKING, BinaryIO

from shared.config.object_address import ObjectAddress
from shared.errors.output import OutputDenied
from shared.places.address import Place
from shared.storage.object_errors import ObjectStorageError, as_os_errors
from shared.storage.object_store import check_fork, open_object_store
from shared.storage.object_upload import uploading
from shared.storage.unfinished import abort_uploads

if TYPE_CHECKING:
    from obstore.store import ObjectStore

logger = logging.getLogger(__name__)

#: The name of the manifest. Whoever waits for it sees all files that it names, whole.
MANIFEST = "manifest.json"

#: The most bytes of a manifest that are read.
_MOST_BYTES = 1024 * 1024


class OutputUnavailable(OSError):
    """The folder did not take or give something, for a reason that may pass; `strerror` says it."""


class OutputFolder:
    """Files in a folder of object storage, by their names.

    If the credentials of the service may not do something there, or there is no such bucket, every
    method raises `shared.errors.output.OutputDenied`; if the store does not answer,
    `OutputUnavailable`.

    The same holds for processes that are forked as for `ObjectBlobs`.
    """

    def __init__(
        self,
        place: Place,
        open_store: Callable[[ObjectAddress], "ObjectStore"] = open_object_store,
        abort: Callable[[ObjectAddress, str], int] = abort_uploads,
    ) -> None:
        """Take the folder; nothing is read or written yet.

        Args:
            place: the folder.
            open_store: opens its bucket.
            abort: aborts what is left of uploads of a file.
        """
        check_fork()
        self._place = place
        self._address = place.object_address()
        self._store = open_store(self._address)
        self._abort = abort

    @contextmanager
    def writing(self, name: str, media_type: str) -> Iterator[BinaryIO]:
        """A file to write to. It appears when the block ends, unless the block raises."""
        # Errors of the block itself, which reads elsewhere, stay as they are.
        with uploading(self._store, name, {"Content-Type": media_type}, self._errors) as file:
            yield file

    def create(self, name: str, content: bytes) -> bool:
        """Write a whole file, unless there is one of that name.

        Returns:
            Whether it was written.
        """
        import obstore  # noqa: PLC0415  see `shared.storage.opening`
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        with self._errors():
            try:
                obstore.put(
                    self._store,
                    name,
                    content,
                    mode="create",
                    attributes={"Content-Type": "application/json"},
                )
            except AlreadyExistsError:
                return False
        return True

    def read(self, name: str) -> bytes | None:
        """The content of a short file; None if there is none."""
        import obstore  # noqa: PLC0415

        with suppress(FileNotFoundError), self._errors():
            result = obstore.get(self._store, name)
            if result.meta["size"] > _MOST_BYTES:
                return b""
            return bytes(result.bytes())
        return None

    def delete(self, name: str) -> None:
        """Delete a file, and what is left of uploads of it; a missing one is no error."""
        import obstore  # noqa: PLC0415

        self.abort(name)
        with suppress(FileNotFoundError), self._errors():
            obstore.delete(self._store, name)

    def abort(self, name: str) -> None:
        """Remove what processes that died have left of a file that never appeared."""
        try:
            self._abort(self._address, name)
        except OSError as error:
            # The right to list uploads may be missing, and nothing but storage is lost then.
            logger.warning("what is left of uploads stays there: %s", error.strerror)

    def check(self, name: str) -> None:
        """Check that the folder can be written, by a file of this name that is deleted at once."""
        import obstore  # noqa: PLC0415

        with self._errors():
            obstore.put(self._store, name, b"")
        self.delete(name)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with as_os_errors(self._place.root, ""):
                yield
        except FileNotFoundError:
            raise
        except ObjectStorageError as error:
            if error.errno in (EACCES, ENODEV):
                raise OutputDenied(address=self._place.url, reason=error.strerror or "") from None
            raise OutputUnavailable(error.errno, error.strerror) from None
        except OSError as error:
            raise OutputUnavailable(error.errno, error.strerror) from None


def job_in(manifest: bytes | None) -> str:
    """The id of the job of a manifest; empty if there is none, or it is no manifest of a job."""
    try:
        found = json.loads(manifest or b"{}")
    except ValueError:
        return ""
    job = found.get("job") if isinstance(found, dict) else None
    return job[:80] if isinstance(job, str) else ""


#: Opens the folder of a place.
OpenOutput = Callable[[Place], OutputFolder]
