"""Object storage of users: finds files, reads ranges of them, and opens folders for results."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from shared.config.object_address import ObjectAddress
from shared.errors.input import BadPlace, SourceChanged, SourceDenied, SourceMissing
from shared.jobs.sources import Source
from shared.places.address import Place, place_of
from shared.places.web_files import WebFiles
from shared.storage.blob_process import ProcessBlobs
from shared.storage.blobs import BlobStore
from shared.storage.object_blobs import ObjectBlobs
from shared.storage.object_errors import CredentialsExpired, ObjectStorageError, as_os_errors
from shared.storage.object_files import ObjectReader, Range
from shared.storage.object_store import check_fork, open_object_store

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ObjectStore


class Found(NamedTuple):
    """A file in object storage.

    Attributes:
        place: its address.
        size: in bytes.
        etag: its version, as the store names it.
    """

    place: Place
    size: int
    etag: str


def open_folder(place: Place, *, forks: bool = False) -> BlobStore:
    """Open a folder of object storage for results, as a blob store; nothing is read or written yet.

    Args:
        place: the folder.
        forks: whether this process goes on forking others that use the store; see `open_blobs`.
    """
    address = place.object_address()
    return ProcessBlobs(address.url) if forks else ObjectBlobs(address)


class Stores:
    """Reads files of object storage and of web servers; a bucket is opened when it is first used.

    The same holds for processes that are forked as for `ObjectBlobs`.
    """

    def __init__(
        self,
        pauses: tuple[float, ...] = (),
        pause: Callable[[float], object] = time.sleep,
        open_store: Callable[[ObjectAddress], "ObjectStore"] = open_object_store,
        *,
        web: WebFiles,
    ) -> None:
        """Open nothing yet.

        Args:
            pauses: how long to wait, in seconds, before each further attempt to read a file of a
                job that is not there, or may not be read.
            pause: waits.
            open_store: opens a bucket.
            web: reads files of web servers.
        """
        self._web = web
        self._pauses = pauses
        self._pause = pause
        self._open_store = open_store
        self._opened: dict[str, ObjectStore] = {}

    def _store(self, place: Place) -> "ObjectStore":
        check_fork()
        found = self._opened.get(place.root)
        if found is None:
            address = place.named("").object_address()
            found = self._opened.setdefault(place.root, self._open_store(address))
        return found

    @contextmanager
    def _renewing(self, place: Place) -> Iterator[None]:
        """Open the bucket of a place anew after its credentials have expired.

        A role or a token file may have others by now. A job is held up for a moment until then.
        """
        try:
            yield
        except CredentialsExpired:
            self._opened.pop(place.root, None)
            raise

    def files(self, folder: Place, most: int) -> list[Found]:
        """The files in a folder and in the folders in it, sorted by key.

        Args:
            folder: the folder.
            most: how many are listed before the listing ends, also if there are more.

        Raises:
            Exception: as `head` raises it.
        """
        import obstore  # noqa: PLC0415  see `shared.storage.opening`

        found: list[Found] = []
        with self._renewing(folder), _errors(folder):
            for metas in obstore.list(self._store(folder), folder.key.rstrip("/") or None):
                found += [
                    Found(folder.named(one["path"]), one["size"], one["e_tag"] or "")
                    for one in metas
                ]
                if len(found) >= most:
                    break
        return sorted(found)

    def head(self, place: Place, length: int, owner: str) -> tuple[bytes, Found]:
        """The first `length` bytes of a file, or all of a shorter one, and what the store tells.

        Args:
            place: the file.
            length: in bytes.
            owner: who has it read.

        Raises:
            shared.errors.input.SourceMissing: there is no such file or bucket.
            shared.errors.input.SourceDenied: the credentials of the service may not read it.
            OSError: the store does not answer.
        """
        try:
            found, etag = self._range(place, 0, length, owner)
        except ObjectStorageError as error:
            if error.errno != errno.ERANGE:
                raise
            # An empty file has no range.
            return b"", Found(place, 0, "")
        if not etag:
            reason = "its store names no version of it (an ETag), so it might change unseen"
            raise BadPlace(address=place.url, reason=reason)
        return bytes(found.content), Found(place, found.size, etag)

    def open(self, source: Source, offset: int = 0) -> BinaryIO:
        """Open a file as it was when its job was accepted, at `offset` bytes."""

        def fetch(begin: int, end: int) -> Range:
            return self._whole(source, begin, end)

        nothing = Range(source.size, memoryview(b""), source.size)
        return cast("BinaryIO", ObjectReader(nothing, fetch, offset))

    def read(self, source: Source, begin: int, end: int) -> bytes:
        """The bytes of a file from `begin` to before `end`, as they were when its job was accepted.

        Raises:
            shared.errors.input.SourceChanged: the file is another one now.
            Exception: as `head` raises it.
        """
        return bytes(self._whole(source, begin, end).content)

    def _whole(self, source: Source, begin: int, end: int) -> Range:
        for pause in self._pauses:
            try:
                return self._same(source, begin, end)
            except (SourceMissing, SourceDenied):
                self._pause(pause)
        return self._same(source, begin, end)

    def _same(self, source: Source, begin: int, end: int) -> Range:
        try:
            place = place_of(source.address)
            found, etag = self._range(place, begin, end, source.owner, source.etag)
        except ObjectStorageError as error:
            if error.errno != errno.ERANGE:
                raise
            raise SourceChanged(address=source.address) from None
        # Not every store heeds the condition.
        if etag != source.etag or found.size != source.size or found.end != min(end, found.size):
            raise SourceChanged(address=source.address)
        return found

    def _range(
        self, place: Place, begin: int, end: int, owner: str, etag: str = ""
    ) -> tuple[Range, str]:
        if place.scheme == "https":
            return self._web.read(place, begin, end, owner, etag)
        options: GetOptions = {"range": (begin, end)}
        if etag:
            options["if_match"] = etag
        return self._object_range(place, options)

    def _object_range(self, place: Place, options: "GetOptions") -> tuple[Range, str]:
        import obstore  # noqa: PLC0415
        from obstore.exceptions import PreconditionError  # noqa: PLC0415

        with self._renewing(place), _errors(place):
            try:
                result = obstore.get(self._store(place), place.key, options=options)
                content = memoryview(result.bytes())
            except PreconditionError:
                raise SourceChanged(address=place.url) from None
            meta = result.meta
            return Range(result.range[0], content, meta["size"]), meta["e_tag"] or ""


@contextmanager
def _errors(place: Place) -> Iterator[None]:
    """Raise what will not pass as an error of the input, and everything else as an `OSError`."""
    try:
        with as_os_errors(place.root, ""):
            yield
    except FileNotFoundError:
        raise SourceMissing(what="file", address=place.url) from None
    except ObjectStorageError as error:
        if error.errno == errno.ENODEV:
            raise SourceMissing(what="bucket", address=place.root) from None
        if error.errno == errno.EACCES:
            raise SourceDenied(address=place.url) from None
        raise
