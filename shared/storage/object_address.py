"""The address of blobs in object storage: a setting such as `s3://bucket/prefix`."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

#: The kinds of stores: Amazon S3 and those that speak its protocol, Google's, and Azure's.
SCHEMES = ("s3", "gs", "az")

#: A request that fails for a reason that may pass is repeated for this time, in seconds. It is
#: short because requests of clients wait for it; a part of a job is held up then, and goes on.
RETRY_SECONDS = 20

#: The longest time for one request, in seconds. The largest ones carry 8 MiB.
REQUEST_SECONDS = 30

#: The variables that name the address of a store.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")


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


def endpoint_of(environment: Mapping[str, str]) -> str:
    """The address of the store itself, if a variable names one; empty: that of Amazon and so on."""
    return next(filter(None, map(environment.get, _ENDPOINTS)), "")


def open_object_store(
    address: ObjectAddress, environment: Mapping[str, str] = os.environ
) -> "ObjectStore":
    """Open a store. Credentials, region and endpoint are those of the environment.

    Raises:
        ModuleNotFoundError: obstore is not installed.
        ValueError: a variable of the environment is not valid.
    """
    from obstore.store import from_url  # noqa: PLC0415  see `shared.storage.opening`

    client: ClientConfig = {"timeout": timedelta(seconds=REQUEST_SECONDS)}
    if endpoint_of(environment).startswith("http://"):
        # Whoever names such an address wants it: a store of the same machine or cluster.
        client["allow_http"] = True
    retry: RetryConfig = {
        "max_retries": 10,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {"max_backoff": timedelta(seconds=5)},
    }
    store: ObjectStore = from_url(address.url, client_options=client, retry_config=retry)
    return store
