"""The address of Redis as an ordinary Celery app takes it, for the references."""

from urllib.parse import urlsplit


def broker_address(redis_url: str, database: int) -> str:
    """Give the address of another database of a Redis; kombu's form differs for a Unix socket."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={database}"
    return parts._replace(path=f"/{database}", query="").geturl()
