"""The check of a service elsewhere: what its API sees of Redis, the blob store and the workers."""

from collections.abc import Iterator
from http import HTTPStatus

from scorelane.client.client import KEY_VARIABLE, Client
from scorelane.client.errors import ApiError, ClientError
from scorelane.client.retries import Retries
from shared.monitoring.findings import Finding, finding_of, fine, warning

_ABOUT = "service"


def examine_by_api(url: str) -> Iterator[Finding]:
    """Ask the API at an address for its findings; nothing if it does not answer."""
    try:
        with Client(url, timeout=30.0, retries=Retries(seconds=0)) as client:
            findings = [finding_of(one) for one in client.service().get("findings", [])]
    except ApiError as error:
        yield from _refused(error)
    except ClientError:
        return  # the check of the API reports this
    except (ValueError, TypeError, KeyError, AttributeError):
        yield fine(_ABOUT, "What its API says of Redis and the workers cannot be read here.")
    else:
        yield from findings


def _refused(error: ApiError) -> Iterator[Finding]:
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        yield fine(
            _ABOUT,
            "Its Redis and its workers are not examined: that needs an API key with the scope "
            f"admin, in {KEY_VARIABLE}.",
        )
    elif error.status == HTTPStatus.NOT_FOUND:
        yield fine(_ABOUT, "Its release is too old to say what it sees of Redis and the workers.")
    else:
        yield warning(
            _ABOUT,
            f"The API cannot say what it sees of Redis and the workers: {error.detail}",
            "Run `scorelane doctor` where the API or a worker runs.",
        )
