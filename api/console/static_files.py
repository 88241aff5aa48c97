"""The static files of the console, read and compressed once when the program starts."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from flask import Request, Response

#: The media types of the files, by suffix. A file with another suffix is not served.
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent.

    Attributes:
        content: its bytes.
        compressed: the same as gzip; None if that is not shorter.
        media_type: with the charset of a text.
        digest: of the content, for the ETag.
    """

    content: bytes
    compressed: bytes | None
    media_type: str
    digest: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Self:
        """A file with this content."""
        compressed = gzip.compress(content, mtime=0)
        return cls(
            content,
            compressed if len(compressed) < len(content) else None,
            media_type,
            hashlib.sha256(content).hexdigest()[:32],
        )

    def answer(self, request: Request) -> Response:
        """The response to a request for the file: 304 if the client has it already.

        Caches must ask for it again each time (`no-cache`), so an upgrade is seen at once.
        """
        gzipped = self.compressed is not None and request.accept_encodings.quality("gzip") > 0
        body = self.compressed if gzipped else self.content
        response = Response(body, content_type=self.media_type)
        # A strong ETag names the bytes that are sent, so each encoding needs its own
        # (RFC 9110, 8.8.3.3).
        response.set_etag(f"{self.digest}-gzip" if gzipped else self.digest)
        if gzipped:
            response.headers["Content-Encoding"] = "gzip"
        if self.compressed is not None:
            response.vary.add("Accept-Encoding")
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response


def read_files(folder: Path) -> dict[str, StaticFile]:
    """All files of a folder and the folders in it, by their paths below it, such as `a/b.js`."""
    return {
        path.relative_to(folder).as_posix(): StaticFile.of(
            path.read_bytes(), _MEDIA_TYPES[path.suffix]
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _MEDIA_TYPES
    }
