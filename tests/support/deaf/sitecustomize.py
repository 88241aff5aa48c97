"""Makes a worker deaf: once the file DEAF_FILE exists, it requests no message from Redis.

The worker lives, its heartbeat goes on, and nothing in it fails. Real workers have been in this
state after a reconnect. Python imports this module before the program.
"""

import os
from pathlib import Path
from typing import Any

from kombu.transport.redis import Channel

_deaf = Path(os.environ["DEAF_FILE"])
_brpop_start = Channel._brpop_start


def _brpop_unless_deaf(channel: Any, *args: Any, **options: Any) -> Any:
    return None if _deaf.exists() else _brpop_start(channel, *args, **options)


Channel._brpop_start = _brpop_unless_deaf
