"""The address of blobs in object storage: a setting such as `s3://bucket/prefix`."""

from typing import NamedTuple
from urllib.parse import urlsplit

#: The kinds of stores: Amazon S3 and those that speak its protocol, Google's, and Azure's.
SCHEMES = ("s3", "gs", "az")


class ObjectAddress(NamedTuple):
    """Where blobs are in object storage."""

    scheme: str
    bucket: str
    prefix: str  #: Before each key; without a `/` at its end. Empty: no prefix.

    @property
    def place(self) -> str:
        """The scheme and the bucket, as messages name it."""
        return f"{self.scheme}://{self.bucket}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.place}/{self.prefix}" if self.prefix else self.place


def object_address(text: str) -> ObjectAddress:
    """Read an address.

    Raises:
        ValueError: it is none; the message says what one looks like.
    """
    parts = urlsplit(text)
    segments = parts.path.strip("/").split("/")
    if (
        parts.scheme not in SCHEMES
        or not parts.netloc
        or set(parts.netloc) & set("@: ")
        or parts.query
        or parts.fragment
        or (segments != [""] and not all(one.strip(".") for one in segments))
    ):
        raise ValueError("must be empty or like s3://bucket/prefix, gs://... or az://...")
    return ObjectAddress(parts.scheme, parts.netloc, "/".join(segments))
