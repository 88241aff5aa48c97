"""`python -m worker.health`: exit status 0 when the worker in this container serves its models."""

import socket
import sys

from redis.exceptions import RedisError

from shared.config.settings import load_settings
from shared.redis.link import RedisLink


def main() -> None:
    """Exit with 0 if a worker of this host has announced itself to Redis, else with 1."""
    link = RedisLink(load_settings())
    try:
        # Not by SCAN, which a user with few rights may not call.
        names = [
            link.key("worker", name)
            for name in link.client.smembers(link.key("nodes"))
            if name.startswith(f"{socket.gethostname()}-")
        ]
        found = link.client.exists(*names) if names else 0
    except RedisError as error:
        sys.exit(f"Redis does not answer: {error}")
    if not found:
        sys.exit("no worker of this host has announced itself")


if __name__ == "__main__":
    main()
