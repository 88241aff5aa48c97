"""What the supervisor asks its programs: whether they answer, and which models are served."""

from contextlib import closing

from redis.exceptions import RedisError

from scorelane.client.client import Client
from scorelane.client.errors import ClientError
from scorelane.client.retries import Retries
from scorelane.stack.listener import url_of
from shared.config.settings import Settings
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


def redis_answers(settings: Settings) -> bool:
    """Whether Redis has read its data; if so, workers that ran before are removed from it."""
    with closing(RedisLink(settings)) as link:
        try:
            # With them the service would count as ready before the new worker is.
            RedisFleet(link, settings).forget()
        except RedisError:
            return False
    return True


def api_is_ready(address: tuple[str, int]) -> bool:
    """Whether the API answers that all models are served, or are known to be bad."""
    try:
        with Client(url_of(address), timeout=5.0, retries=Retries(seconds=0)) as client:
            client.ready()
    except ClientError:
        return False
    return True


def served_and_failed(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The full names of the served models, and why others are not, by the name of each.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    with closing(RedisLink(settings)) as link:
        fleet = RedisFleet(link, settings)
        return sorted(fleet.serving()), fleet.failed()
