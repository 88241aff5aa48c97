"""The check of Redis: that it answers, quickly, and loses no data."""

from collections.abc import Iterator

from redis.exceptions import AuthenticationError, RedisError

from shared.config.redis_url import without_secrets
from shared.config.settings import Settings
from shared.monitoring.findings import Finding, fault
from shared.monitoring.redis_findings import redis_findings
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor

_ABOUT = "redis"

#: The number of calls whose median time is the latency.
CALLS = 20


def examine_redis(settings: Settings, link: RedisLink) -> Iterator[Finding]:
    """Check version, latency, memory, persistence, password and clock of Redis."""
    place = without_secrets(settings.redis_url)
    try:
        state = RedisMonitor(link).server(CALLS)
    except AuthenticationError as error:
        yield fault(
            _ABOUT,
            f"Redis at {place} refuses the password, or needs one: {error}",
            "Name a file that holds the password in SCORELANE_REDIS_PASSWORD_FILE.",
        )
    except (RedisError, OSError) as error:
        yield fault(
            _ABOUT,
            f"Redis at {place} does not answer: {error}",
            "Start Redis, or correct SCORELANE_REDIS_URL. (`scorelane serve` has its own Redis.)",
        )
    else:
        yield from redis_findings(settings, state)
