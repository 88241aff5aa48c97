"""Errors of object storage, as the errors of a disk: what to do about each is in its text."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

_CODE = re.compile(r"<Code>\s*([A-Za-z.]+)\s*</Code>")
_STATUS = re.compile(r"status code: (\d{3}) ?([A-Za-z ]*)")

_NO_BUCKET = re.compile(
    r"NoSuchBucket|ContainerNotFound|specified bucket does not exist|container does not exist"
)

#: What Amazon and Azure call credentials that have expired, or are not valid yet or any more. S3
#: answers most of them with the status 400, for which obstore has no exception of its own. Sources:
#: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
#: learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "TokenRefreshRequired",
    "InvalidToken",
    "InvalidIdentityToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "InvalidAuthenticationInfo",
}

#: Signatures hold the time; a store takes those of the last quarter of an hour, and of the next.
_SKEWED = "RequestTimeTooSkewed"
_NO_CREDENTIALS = re.compile(r"169\.254\.169\.254|metadata\.google|MissingCredentials")

#: The statuses by which a store says that it does not know the credentials, or denies them access.
#: Google and Azure answer the first one if a token has expired.
_UNKNOWN, _DENIED = "401", "403"

#: There is no such range, or the store does not send it as one; the error is an `ERANGE` then.
_NO_RANGE = re.compile("status code: 416|non-partial response|Invalid range")


class ObjectStorageError(OSError):
    """Object storage did not do what it was asked for.

    It is an `OSError` because it stands for a disk that fails: a part that cannot be read or
    written for that is held up, and tried again. `strerror` says what is wrong, and what to do.
    """


class CredentialsExpired(ObjectStorageError):
    """The store says that the credentials have expired, or does not know them any more.

    New ones may be there already: those of a role, or of a token that is a file.
    """


@contextmanager
def as_os_errors(place: str, named_in: str = " in SCORELANE_BLOBS") -> Iterator[None]:
    """Raise every error of obstore as `ObjectStorageError`, and a missing blob as it is.

    Args:
        place: the scheme and the bucket, for messages.
        named_in: where another bucket can be named, for messages.

    Raises:
        FileNotFoundError: there is no such blob.
        CredentialsExpired: the credentials must be renewed.
        ObjectStorageError: anything else.
    """
    # Imported here: only programs whose blobs are in object storage need the library.
    from obstore.exceptions import (  # noqa: PLC0415
        BaseError,
        PermissionDeniedError,
        UnauthenticatedError,
    )

    try:
        yield
    except FileNotFoundError as error:
        # A missing bucket looks like a missing blob. A job must not fail for that, nor a sweep
        # believe that all blobs are gone.
        if _NO_BUCKET.search(str(error)):
            raise _error(place, str(error), named_in) from None
        raise FileNotFoundError(errno.ENOENT, "there is no such blob") from None
    except UnauthenticatedError as error:
        raise _error(place, str(error), named_in, _UNKNOWN) from None
    except PermissionDeniedError as error:
        raise _error(place, str(error), named_in, _DENIED) from None
    except BaseError as error:
        raise _error(place, str(error), named_in) from None


def _error(place: str, text: str, named_in: str, status: str = "") -> ObjectStorageError:
    """The error that says in its text what to do; `status` is that of the answer, if known."""
    # The rest is the error again, in the notation of Rust.
    text = text.partition("Debug source:")[0]
    answered, found = _STATUS.search(text), _CODE.search(text)
    status = status or (answered[1] if answered else "")
    code = found[1] if found else ""
    kind, number = ObjectStorageError, errno.EIO
    if _NO_RANGE.search(text):
        number = errno.ERANGE
    elif _NO_BUCKET.search(text):
        number = errno.ENODEV
    elif status == _UNKNOWN or code in _EXPIRED:
        kind = CredentialsExpired
    elif status == _DENIED:
        number = errno.EACCES
    said = code or (f"{status} {answered[2]}".strip() if answered else status)
    reason = _reason(text, named_in, status, said, is_expired=kind is CredentialsExpired)
    return kind(number, f"{place} {reason}")


def _reason(  # noqa: PLR0911  one for each cause
    text: str, named_in: str, status: str, said: str, *, is_expired: bool
) -> str:
    if _NO_BUCKET.search(text):
        return f"does not exist. Make it, or name another{named_in}."
    if is_expired:
        if said == _SKEWED:
            return f"refuses requests of this host, whose clock is wrong ({said}). Set it, by NTP."
        return f"refuses the credentials, because they have expired ({said}). Renew them."
    if _NO_CREDENTIALS.search(text):
        return "cannot be used without credentials. Set AWS_ACCESS_KEY_ID and the like."
    if status == _DENIED:
        return (
            f"denies access ({said}). The credentials need the right to read, write, list and "
            "delete there."
        )
    if status:
        return f"answers with an error ({said}). It is tried again."
    short = " ".join(text.split())[-160:]
    return f"does not answer ({short}). Check its address (AWS_ENDPOINT_URL) and the network."
