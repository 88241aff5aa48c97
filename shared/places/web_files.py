"""Reads ranges of files of web servers, at public addresses."""

import errno
import re
from http.client import HTTPResponse
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from shared.config.settings import Settings
from shared.errors.input import (
    BadCallback,
    BadPlace,
    SourceChanged,
    SourceDenied,
    SourceMissing,
)
from shared.places.address import Place, place_of
from shared.places.allowed import allowed_places
from shared.storage.object_errors import ObjectStorageError
from shared.storage.object_files import Range
from shared.webhooks.checked_http import CheckedHttp
from shared.webhooks.target import UNKNOWN_HOST, Allowed

#: The longest time for one request, in seconds.
REQUEST_SECONDS = 30.0

#: How many redirects are followed.
MOST_REDIRECTS = 5

_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429)

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class _Answer(NamedTuple):
    status: int
    location: str
    etag: str
    content_range: str
    content: bytes


class WebFiles:
    """Reads files by `GET` with `Range`, each request at an address that was checked.

    A server must know ranges, and name the version of a file by a strong `ETag` (RFC 9110, 8.8.3):
    by it every range is of one content.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings, which name private addresses that may be reached, and the places."""
        self._settings = settings
        self._http = CheckedHttp(Allowed(settings.callback_allow), REQUEST_SECONDS)

    def read(
        self, place: Place, begin: int, end: int, owner: str, etag: str = ""
    ) -> tuple[Range, str]:
        """Read the bytes of a file from `begin` to before `end`.

        Args:
            place: the file.
            begin: where they begin.
            end: where they end; beyond the end of the file there are none.
            owner: who must be allowed to read the address to which a redirect leads.
            etag: the version that is wanted; empty: any.

        Returns:
            The bytes, and the version of the file.

        Raises:
            shared.errors.input.PlaceError: the file is gone, may not be read, is another version
                now, or its server cannot do what is needed.
            shared.storage.object_errors.ObjectStorageError: the server does not answer; the number
                is ERANGE if the file has no such range.
        """
        answer = self._answer(place, begin, end, owner, etag)
        self._check_status(place, answer)
        found = _CONTENT_RANGE.fullmatch(answer.content_range)
        if answer.status != 206 or not found or int(found[1]) != begin:
            reason = "its server sends no ranges of it (RFC 9110, 14)"
            raise BadPlace(address=place.url, reason=f"{reason}; copy it to object storage")
        if not answer.etag or answer.etag.startswith("W/"):
            reason = "its server names no version of it (a strong ETag), so it might change unseen"
            raise BadPlace(address=place.url, reason=f"{reason}; copy it to object storage")
        size = int(found[3])
        if len(answer.content) != min(end, size) - begin:
            raise ObjectStorageError(errno.EIO, f"{place.root} has cut an answer off")
        return Range(begin, memoryview(answer.content), size), answer.etag

    def _answer(self, place: Place, begin: int, end: int, owner: str, etag: str) -> _Answer:
        headers = {
            "Range": f"bytes={begin}-{end - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": "scorelane",
        }
        if etag:
            headers["If-Match"] = etag
        url = place.url

        def read(response: HTTPResponse) -> _Answer:
            # Only a range is read: another answer may be the whole file, of any length.
            is_range = response.status == 206
            return _Answer(
                response.status,
                response.getheader("Location", ""),
                response.getheader("ETag", ""),
                response.getheader("Content-Range", ""),
                response.read(end - begin) if is_range else b"",
            )

        for _ in range(MOST_REDIRECTS + 1):
            try:
                answer = self._http.call("GET", url, headers, None, read)
            except BadCallback as error:
                reason = str(error.fields["reason"])
                if reason == UNKNOWN_HOST:
                    raise ObjectStorageError(errno.EIO, f"{place.root}: {reason}") from None
                raise BadPlace(address=place.url, reason=reason) from None
            except OSError as error:
                reason = f"{place.root} does not answer ({error.strerror or 'no answer in time'})"
                raise ObjectStorageError(errno.EIO, reason) from None
            if answer.status not in _REDIRECTS:
                return answer
            url = urljoin(url, answer.location)
            self._check_redirect(place, url, owner)
        raise BadPlace(address=place.url, reason="its server redirects too often")

    def _check_redirect(self, place: Place, url: str, owner: str) -> None:
        """Refuse a redirect to another place than the owner may read. Its query is the server's."""
        try:
            parts = urlsplit(url)
            to = place_of(f"{parts.scheme}://{parts.netloc}{parts.path}")
        except ValueError:
            to = None
        if to is None or to.scheme != "https":
            reason = "it redirects to an address that is not https:// or cannot be checked"
            raise BadPlace(address=place.url, reason=reason)
        if not allowed_places(self._settings).allow(owner, "read", to):
            reason = f"it redirects to {to.root}/, which no line of SCORELANE_PLACES lets you read"
            raise BadPlace(address=place.url, reason=reason[:300])

    def _check_status(self, place: Place, answer: _Answer) -> None:
        status = answer.status
        if status in (404, 410):
            raise SourceMissing(what="file", address=place.url)
        if status in (401, 403):
            raise SourceDenied(address=place.url)
        if status == 412:
            raise SourceChanged(address=place.url)
        if status == 416:
            raise ObjectStorageError(errno.ERANGE, f"{place.root} has no such range")
        if status >= 500 or status in _PASSING:
            reason = f"{place.root} answers with an error ({status}). It is tried again."
            raise ObjectStorageError(errno.EIO, reason)
        if status >= 300:
            raise BadPlace(address=place.url, reason=f"its server answers with the status {status}")
