"""What the errors of object storage become: errors of the system, which say what to do."""

import pytest

from shared.storage.object_errors import CredentialsExpired, ObjectStorageError, as_os_errors

pytest.importorskip("obstore", reason="the extra object-storage")


def _answer(status: str, code: str = "") -> str:
    answer = f"<Error><Code>{code}</Code></Error>"
    return f"Error performing GET ... Server returned non-2xx status code: {status}: {answer}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_answer("404 Not Found", "NoSuchBucket"), "does not exist. Make it"),
        (_answer("403 Forbidden", "AccessDenied"), "denies access (AccessDenied)"),
        (_answer("400 Bad Request", "ExpiredToken"), "have expired (ExpiredToken). Renew them"),
        (_answer("403 Forbidden", "RequestTimeTooSkewed"), "whose clock is wrong"),
        (_answer("503 Service Unavailable", "SlowDown"), "answers with an error (SlowDown)"),
        (_answer("500 Internal Server Error"), "answers with an error"),
        ("Error performing PUT http://169.254.169.254/latest/api/token", "without credentials"),
        ("Error ... HTTP error: error sending request", "does not answer"),
    ],
)
def test_errors_say_what_to_do(text: str, says: str) -> None:
    """Each is an error of the system, as a full disk is one, and no blob is taken for missing."""
    from obstore.exceptions import GenericError  # noqa: PLC0415

    kinds = [GenericError] + [FileNotFoundError] * ("NoSuchBucket" in text)
    for kind in kinds:
        with pytest.raises(ObjectStorageError) as raised, as_os_errors("s3://bucket"):
            raise kind(text + "\n\nDebug source:\nmuch more")
        assert raised.value.strerror.startswith("s3://bucket ")
        assert says in raised.value.strerror
        assert "much more" not in raised.value.strerror


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("400 Bad Request", "ExpiredToken"),
        ("400 Bad Request", "InvalidToken"),
        ("403 Forbidden", "RequestTimeTooSkewed"),
        ("400 Bad Request", "ExpiredTokenException"),
        ("401 Unauthorized", ""),
    ],
)
def test_credentials_that_must_be_renewed_are_told_from_missing_rights(
    status: str, code: str
) -> None:
    """By the store's code, or by obstore's exception: the wording of a message may change."""
    from obstore.exceptions import GenericError, UnauthenticatedError  # noqa: PLC0415

    with pytest.raises(CredentialsExpired), as_os_errors("s3://bucket"):
        raise GenericError(_answer(status, code))
    with pytest.raises(CredentialsExpired), as_os_errors("s3://bucket"):
        raise UnauthenticatedError("in other words")
    with pytest.raises(ObjectStorageError) as raised, as_os_errors("s3://bucket"):
        raise GenericError(_answer("403 Forbidden", "AccessDenied"))
    assert not isinstance(raised.value, CredentialsExpired)
