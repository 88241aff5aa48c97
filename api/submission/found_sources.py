"""Finds the files that a job is to read, and begins to read the first of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Request

from api.requests.content import Guesser, RequestContent, content_of_file
from api.requests.partial import SentFile
from api.security.access import current_identity
from api.services import Services
from api.submission.asked_sources import Asked
from api.submission.head import PREVIEW_BYTES
from api.uploads.formats import Format, kind_of_file
from shared.errors.input import BadOption, BadPlace, InFile, SourceMissing
from shared.errors.service import SourceUnavailable, TooLarge
from shared.jobs.sources import Source
from shared.places.address import Place, place_of
from shared.places.allowed import allowed_places
from shared.places.stores import Found, Stores
from shared.storage.object_errors import ObjectStorageError

#: How long the beginnings of all files of a request may take to be read, in seconds.
SECONDS = 60.0

#: How much of the beginning of a file is read at first.
HEAD_BYTES = 64 * 1024

#: A folder with more files, empty and hidden ones too, is refused.
MOST_LISTED = 20_000


@dataclass(frozen=True)
class Files:
    """The files of a job.

    Attributes:
        asked: what the request asks for.
        found: the files, in the order of their rows.
        first: the index of the file that was begun: the first with a row.
        content: the beginning of that file, and the options.
        until: when the time for reading beginnings is over, as `time.monotonic` has it.
    """

    asked: Asked
    found: tuple[Found, ...]
    first: int
    content: RequestContent
    until: float

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(one.size for one in self.found)


def check_allowed(services: Services, places: tuple[Place, ...], output: Place | None) -> None:
    """Check that the owner may read some places and write another.

    Raises:
        shared.errors.input.PlaceNotAllowed: no line of the settings allows it.
        shared.errors.input.BadPlace: the place to write is none, or its files would be read.
    """
    owner, allowed = current_identity().owner, allowed_places(services.settings)
    for place in places:
        allowed.check(owner, "read", place)
    if output is None:
        return
    if output.scheme == "https" or not output.is_folder:
        reason = "the output is a folder of object storage; end it with /"
        raise BadPlace(address=output.url, reason=reason)
    allowed.check(owner, "write", output)
    for place in places:
        if place.is_folder and (place.holds(output) or output.holds(place)):
            reason = "the output lies in the folder of the input, or holds it; name another one"
            raise BadPlace(address=output.url, reason=reason)


def find_files(
    services: Services, asked: Asked, request: Request, guesser: Guesser | None = None
) -> Files:
    """Find the files that a request asks for, and begin to read the first with a row.

    Args:
        services: the stores and the limits.
        asked: what the request asks for.
        request: the request; it may have options in its query.
        guesser: guesses options that are not given; of a dry run that asks for it.

    Raises:
        shared.errors.input.PlaceError: a place may not be read, or has no file that can be used.
        shared.errors.service.SourceUnavailable: a store does not answer.
        shared.errors.service.TooLarge: there are too many files, or too many bytes.
        shared.errors.base.ScorelaneError: an option cannot be used, or the file cannot be read.
    """
    until = time.monotonic() + SECONDS
    check_allowed(services, asked.places, asked.output)
    stores = services.stores
    found: list[Found] = []
    for place in asked.places:
        with answering(place, until):
            found += _in(stores, place)
        _check_count(services, found)
    _check_kinds(found)
    first = _first_with_rows(stores, found, until)
    with answering(found[first].place, until):
        # A little more than a dry run wants, so that it need not ask to know that there is more.
        owner, length = current_identity().owner, PREVIEW_BYTES + HEAD_BYTES
        head, found[first] = stores.head(found[first].place, length, owner)
    content = content_of_file(
        found[first].place.key,
        _chunks(stores, found[first], head, until),
        SentFile(sum(one.size for one in found)),
        request.args,
        asked.options,
        guesser,
    )
    _check_direct(content, found[first].place, {*asked.options, *request.args})
    return Files(asked, tuple(found), first, content, until)


@contextmanager
def answering(place: Place, until: float) -> Iterator[None]:
    """Refuse the request if a store does not answer, or too late.

    Raises:
        shared.errors.service.SourceUnavailable: it does not.
    """
    if time.monotonic() > until:
        raise SourceUnavailable(address=place.root)
    try:
        yield
    except ObjectStorageError:
        raise SourceUnavailable(address=place.root) from None


def _in(stores: Stores, place: Place) -> list[Found]:
    """The files of an address: itself, or what is in a folder."""
    if place.scheme == "https" and place.is_folder:
        reason = "of a web server only a file can be read, because folders cannot be listed"
        raise BadPlace(address=place.url, reason=reason)
    if not place.is_folder:
        _, found = stores.head(place, 1, current_identity().owner)
        if not found.size:
            raise InFile(address=place.url, reason="The file is empty.")
        return [found]
    listed = stores.files(place, MOST_LISTED)
    if len(listed) >= MOST_LISTED:
        raise BadPlace(address=place.url, reason=f"there are {MOST_LISTED:,} files or more in it")
    files = [one for one in listed if one.size and not _is_hidden(place, one.place)]
    if not files:
        raise SourceMissing(what="file, or only empty and hidden ones, in", address=place.url)
    for one in files:
        _check_name(place, one.place)
    return files


def _check_name(folder: Place, file: Place) -> None:
    """Refuse a file of a folder that has no address: workers could not read it."""
    try:
        place_of(file.url)
    except ValueError as error:
        name = ascii(file.key)[:200]
        reason = f"the file {name} in it has no address: {error}. Rename it, or list the others"
        raise BadPlace(address=folder.url, reason=reason) from None


def _is_hidden(folder: Place, file: Place) -> bool:
    """Whether Hive and Spark pass over a file: `_SUCCESS`, `_delta_log/...`, `.part.crc`."""
    inside = file.key[len(folder.key) :] if folder.key else file.key
    return any(name.startswith(("_", ".")) for name in inside.strip("/").split("/"))


def _check_count(services: Services, found: list[Found]) -> None:
    settings, advice = services.settings, "Make several jobs of them."
    if len(found) > settings.max_source_files:
        limit = f"{settings.max_source_files:,}"
        raise TooLarge(what="number of files", limit=limit, unit="files", advice=advice)
    if sum(one.size for one in found) > settings.max_source_bytes:
        limit = f"{settings.max_source_bytes:,}"
        raise TooLarge(what="size of all files", limit=limit, unit="bytes", advice=advice)
    seen = set[Place]()
    for one in found:
        if one.place in seen:
            raise BadPlace(address=one.place.url, reason="it is named twice, or is in a folder too")
        seen.add(one.place)


def _check_kinds(found: list[Found]) -> None:
    first = found[0].place
    for one in found:
        name = one.place.key.lower()
        kind = kind_of_file("", name)
        if name.endswith(".gz") or kind.format in (Format.PARQUET, Format.JSON):
            reason = (
                "only CSV, TSV and NDJSON that are not compressed can be read where they are; "
                "write the file so, or send it as the body of a request"
            )
            raise BadPlace(address=one.place.url, reason=reason)
        if kind != kind_of_file("", first.key.lower()):
            raise InFile(
                address=one.place.url, reason=f"Its format differs from that of {first.url}."
            )


def _check_direct(content: RequestContent, place: Place, given: set[str]) -> None:
    """Refuse what would have to be converted: the rows are read where they are, as they are."""
    options = content.early_options
    if options.total_bytes is not None:
        reason = "the size of a file that is read where it is is known"
        raise BadOption(option="total_bytes", value=str(options.total_bytes), reason=reason)
    if content.is_converted:
        name = "quoting" if options.quoting == "none" else "charset"
        value = str(getattr(options, name))
        reason = "a file that is read where it is must be UTF-8, and quoted as RFC 4180 has it"
        if name not in given:
            # It was guessed.
            advice = "Save it so, or send it as the body of a request."
            reason = f"It seems to have {name}={value[:80]}; {reason}. {advice}"
            raise InFile(address=place.url, reason=reason)
        raise BadOption(option=name, value=value[:80], reason=reason)
    if content.kind.format is Format.CSV and content.delimiter == "\t" and not options.quoting:
        reason = "say quoting=double for a tab-separated file that is read where it is"
        raise BadOption(option="quoting", value="", reason=reason)


def _first_with_rows(stores: Stores, found: list[Found], until: float) -> int:
    """The index of the first file with a row; that of the last one if no other has any."""
    least = 0 if kind_of_file("", found[0].place.key).format is Format.NDJSON else 1
    for index, one in enumerate(found[:-1]):
        if one.size > HEAD_BYTES:
            return index
        with answering(one.place, until):
            head, _ = stores.head(one.place, HEAD_BYTES, current_identity().owner)
        if head.strip() and head.strip().count(b"\n") >= least:
            return index
    return len(found) - 1


def source_of(found: Found, start: int = 0, rows_at: int = 0) -> Source:
    """A file as a job records it."""
    return Source(
        address=found.place.url,
        size=found.size,
        etag=found.etag,
        owner=current_identity().owner,
        start=start,
        rows_at=rows_at,
    )


def _chunks(stores: Stores, found: Found, head: bytes, until: float) -> Iterator[bytes]:
    """A file from its beginning on; it is read as far as it is asked for."""
    at, source = 0, source_of(found)
    while at < found.size:
        chunk = head
        if at:
            with answering(found.place, until):
                chunk = stores.read(source, at, min(at + len(head), found.size))
        at += len(chunk)
        yield chunk
