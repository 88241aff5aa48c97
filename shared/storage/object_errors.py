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
_EXPIRED = re.compile(r"ExpiredToken|TokenRefreshRequired|token (?:included|has|is) .*expired")
#: Signatures hold the time; a store takes those of the last quarter of an hour, and of the next.
_SKEWED = re.compile(r"RequestTimeTooSkewed")
_NO_CREDENTIALS = re.compile(r"169\.254\.169\.254|metadata\.google|MissingCredentials")

#: What is wrong, and what to do; `{said}` is the store's own word for it.
_KNOWN = (
    (_EXPIRED, "refuses the credentials, because they have expired ({said}). Renew them."),
    (_SKEWED, "refuses requests of this host, whose clock is wrong ({said}). Set it, by NTP."),
    (
        _NO_CREDENTIALS,
        "cannot be used without credentials. Set AWS_ACCESS_KEY_ID and the like.",
    ),
)

#: The statuses by which a store says who may do what.
_DENIED = ("401", "403")

#: There is no such range, or the store does not send it as one; the error is an `ERANGE` then.
_NO_RANGE = re.compile("status code: 416|non-partial response")


class ObjectStorageError(OSError):
    """Object storage did not do what it was asked for.

    It is an `OSError` because it stands for a disk that fails: a part that cannot be read or
    written for that is held up, and tried again. `strerror` says what is wrong, and what to do.
    """


@contextmanager
def as_os_errors(place: str, named_in: str = " in SCORELANE_BLOBS") -> Iterator[None]:
    """Raise every error of obstore as `ObjectStorageError`, and a missing blob as it is.

    Args:
        place: the scheme and the bucket, for messages.
        named_in: where another bucket can be named, for messages.

    Raises:
        FileNotFoundError: there is no such blob.
        ObjectStorageError: anything else.
    """
    # Imported here: only programs whose blobs are in object storage need the library.
    from obstore.exceptions import BaseError  # noqa: PLC0415

    try:
        yield
    except FileNotFoundError as error:
        # A missing bucket looks like a missing blob. A job must not fail for that, nor a sweep
        # believe that all blobs are gone.
        if _NO_BUCKET.search(str(error)):
            raise _error(place, str(error), named_in) from None
        raise FileNotFoundError(errno.ENOENT, "there is no such blob") from None
    except BaseError as error:
        raise _error(place, str(error), named_in) from None


def _error(place: str, text: str, named_in: str) -> ObjectStorageError:
    # The rest is the error again, in the notation of Rust.
    text = text.partition("Debug source:")[0]
    return ObjectStorageError(_number(text), f"{place} {_reason(text, named_in)}")


def _number(text: str) -> int:
    """Which error of the system it is like; EIO: it may pass, or somebody has to act."""
    if _NO_RANGE.search(text):
        return errno.ERANGE
    if _NO_BUCKET.search(text):
        return errno.ENODEV
    status = _STATUS.search(text)
    is_denied = status and status[1] in _DENIED
    is_denied = is_denied and not (_EXPIRED.search(text) or _SKEWED.search(text))
    return errno.EACCES if is_denied else errno.EIO


def _reason(text: str, named_in: str) -> str:
    found, status = _CODE.search(text), _STATUS.search(text)
    code = found[1] if found else ""
    said = code or (f"{status[1]} {status[2]}".strip() if status else "")
    if _NO_BUCKET.search(text):
        return f"does not exist. Make it, or name another{named_in}."
    for pattern, says in _KNOWN:
        if pattern.search(text):
            return says.format(said=said)
    if status and status[1] in _DENIED:
        return (
            f"denies access ({said}). The credentials need the right to read, write, list and "
            "delete there."
        )
    if status:
        return f"answers with an error ({said}). It is tried again."
    short = " ".join(text.split())[-160:]
    return f"does not answer ({short}). Check its address (AWS_ENDPOINT_URL) and the network."
