"""Opens object storage by the variables that the clouds' own tools read, with obstore."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.config.object_address import ObjectAddress

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

#: A request that fails for a reason that may pass is repeated for this time, in seconds. It is
#: short because requests of clients wait for it; a part of a job is held up then, and goes on.
RETRY_SECONDS = 20

#: The longest time for one request, in seconds. The largest ones carry 8 MiB.
REQUEST_SECONDS = 30

#: The type of every object. SeaweedFS looks at each piece of an upload that names none, or only
#: `application/octet-stream`, and compresses what looks like a text: that took two thirds of its
#: processor time for a job.
CONTENT_TYPE = "application/x-scorelane"

#: The variables that name the address of a store.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")


def endpoint_of(environment: Mapping[str, str]) -> str:
    """The address of the store itself, if a variable names one; empty: that of Amazon and so on."""
    return next(filter(None, map(environment.get, _ENDPOINTS)), "")


def open_object_store(
    address: ObjectAddress, environment: Mapping[str, str] = os.environ, endpoint: str = ""
) -> "ObjectStore":
    """Open a store. Credentials, region and endpoint are those of the environment.

    Args:
        address: of the store.
        environment: the variables that name its own address.
        endpoint: the address of the store in place of that of the environment; empty: none.

    Raises:
        ModuleNotFoundError: obstore is not installed.
        ValueError: a variable of the environment is not valid.
    """
    from obstore.store import from_url  # noqa: PLC0415  see `shared.storage.opening`

    client: ClientConfig = {
        "timeout": timedelta(seconds=REQUEST_SECONDS),
        "default_content_type": CONTENT_TYPE,
    }
    if address.scheme == "s3":
        # The pieces of a multipart upload get no type otherwise.
        client["default_headers"] = {"Content-Type": CONTENT_TYPE}
    if (endpoint or endpoint_of(environment)).startswith("http://"):
        # Whoever names such an address wants it: a store of the same machine or cluster.
        client["allow_http"] = True
    retry: RetryConfig = {
        "max_retries": 10,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {"max_backoff": timedelta(seconds=5)},
    }
    given: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    store: ObjectStore = from_url(address.url, client_options=client, retry_config=retry, **given)
    return store


#: The process that has used obstore first.
_used_in: int | None = None


def check_fork() -> None:
    """Refuse what would hang for ever: using obstore in a process forked from one that has.

    Raises:
        RuntimeError: the process was forked from one that has used it.
    """
    global _used_in  # noqa: PLW0603  obstore's threads are of the whole process, too
    _used_in = _used_in or os.getpid()
    if _used_in != os.getpid():
        raise RuntimeError("object storage was used before this process was forked")
