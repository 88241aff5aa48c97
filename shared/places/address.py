"""The address of a file or of a folder of a user: `s3://bucket/key.csv`, `https://host/data.csv`."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.config.object_address import SCHEMES as OBJECT_SCHEMES
from shared.config.object_address import ObjectAddress

#: What an address may begin with.
SCHEMES = (*OBJECT_SCHEMES, "https")

#: The longest address. A key of S3 has up to 1,024 bytes.
MAX_CHARS = 2048

_OBJECT = re.compile(r"(s3|gs|az)://([A-Za-z0-9][A-Za-z0-9._-]{0,254})(?:/(.*))?", re.DOTALL)

#: What must not be percent-encoded in a path: servers differ in when they decode it, so that a path
#: below an allowed folder could lead out of it. `/`, `.`, `\`, `%`, and control characters.
_TRICKS = re.compile(r"%(2[ef5]|5c|[01][0-9a-f]|7f)", re.IGNORECASE)
#: A segment of dots, also before `;parameters`, which some servers remove first.
_DOTS = re.compile(r"(?:^|/)\.+(?:[;/]|$)")

_NO_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


class Place(NamedTuple):
    """A file, or a folder.

    Attributes:
        scheme: one of `SCHEMES`.
        bucket: the bucket or container, or the host with its port.
        key: the path in it, without a `/` at its beginning. A key of object storage is taken as it
            is written, with no decoding; the path of a URL is percent-encoded.
    """

    scheme: str
    bucket: str
    key: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder (a prefix): its key is empty, or ends in `/`."""
        return not self.key or self.key.endswith("/")

    @property
    def root(self) -> str:
        """The address of the bucket or host: `s3://bucket`."""
        return f"{self.scheme}://{self.bucket}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.root}/{self.key}"

    def named(self, key: str) -> "Place":
        """Another place of the same bucket."""
        return self._replace(key=key)

    def holds(self, other: "Place") -> bool:
        """Whether another place is this one, or below it, by whole segments of the path."""
        if (self.scheme, self.bucket) != (other.scheme, other.bucket):
            return False
        prefix = self.key.rstrip("/")
        return not prefix or other.key == prefix or other.key.startswith(f"{prefix}/")

    def object_address(self) -> ObjectAddress:
        """The address of a folder in object storage, as `shared.storage` takes it."""
        return ObjectAddress(self.scheme, self.bucket, self.key.rstrip("/"))


def place_of(text: str) -> Place:
    """Read an address.

    Raises:
        ValueError: it cannot be used; the message is a clause that says why, without the address.
    """
    if len(text) > MAX_CHARS:
        raise ValueError(f"it is longer than {MAX_CHARS:,} characters")
    if not text.isprintable():
        raise ValueError("it has a character that cannot be printed")
    place = _url(text) if text.startswith("https://") else _object(text)
    if place.key.startswith("/") or "//" in place.key:
        raise ValueError("its path has two slashes in a row, or begins with one")
    if _DOTS.search(place.key):
        raise ValueError("a segment of its path consists of dots")
    if "\\" in place.key:
        raise ValueError("its path has a backslash")
    return place


def _object(text: str) -> Place:
    found = _OBJECT.fullmatch(text)
    if found is None:
        if "@" in text.partition("://")[2].partition("/")[0]:
            raise ValueError(_NO_USER)
        raise ValueError("it must be like s3://bucket/key, gs://..., az://... or https://host/path")
    if "?" in text or "*" in text:
        raise ValueError("it has a ? or *; patterns are not known: end it with / to name a folder")
    return Place(found[1], found[2], found[3] or "")


_NO_USER = (
    "it has a user's name or a password in it; the service uses its own credentials, never those "
    "of a request"
)


def _url(text: str) -> Place:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if "@" in parts.netloc:
        raise ValueError(_NO_USER)
    if not host or not text.isascii() or " " in text:
        raise ValueError("it is not a URL of ASCII characters, others percent-encoded")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(
            "it has a query or a fragment; a query may hold credentials, and the address is "
            "recorded with the job"
        )
    if _TRICKS.search(parts.path) or _NO_ESCAPE.search(parts.path):
        raise ValueError("its path has a percent sign that stands for no ordinary character")
    host = f"[{host}]" if ":" in host else host
    return Place("https", f"{host}:{port}" if port not in (None, 443) else host, parts.path[1:])
