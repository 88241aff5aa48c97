"""What the supervisor asks its programs: whether they answer, and which models are served.

The clients are imported when they are first needed: a supervisor starts its programs before that,
and the import goes on beside theirs.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from scorelane.stack.listener import url_of
from shared.config.settings import Settings

#: Seconds for an answer of the API.
_SECONDS = 5.0


def redis_answers(settings: Settings) -> bool:
    """Whether Redis has read its data; if so, workers that ran before are removed from it."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    from shared.redis.fleet import RedisFleet  # noqa: PLC0415
    from shared.redis.link import RedisLink  # noqa: PLC0415

    with closing(RedisLink(settings)) as link:
        try:
            # With them the service would count as ready before the new worker is.
            RedisFleet(link, settings).forget()
        except RedisError:
            return False
    return True


@contextmanager
def probe(address: tuple[str, int]) -> Iterator[Callable[[], list[str]]]:
    """Yield a function that asks the API for the full names of the served models.

    It returns none until the API answers that it is ready: each model is served then, or is known
    to be bad.
    """
    from scorelane.client.client import Client  # noqa: PLC0415
    from scorelane.client.errors import ClientError  # noqa: PLC0415
    from scorelane.client.retries import Retries  # noqa: PLC0415

    # One client for all questions: to make one takes longer than to ask.
    with Client(url_of(address), timeout=_SECONDS, retries=Retries(seconds=0)) as client:

        def served() -> list[str]:
            try:
                return sorted(client.ready())
            except ClientError:
                return []

        yield served


def failed_models(settings: Settings) -> dict[str, str]:
    """Why models are not served, by the name of each.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    from shared.redis.fleet import RedisFleet  # noqa: PLC0415
    from shared.redis.link import RedisLink  # noqa: PLC0415

    with closing(RedisLink(settings)) as link:
        return RedisFleet(link, settings).failed()
