"""For a worker that is to go deaf: from when a file is there on, it asks Redis for no message.

It lives, its heart beats, and nothing in it fails: so workers have been seen after a reconnect.
"""

import os
from pathlib import Path
from typing import Any

from kombu.transport.redis import Channel

_deaf = Path(os.environ["DEAF_FILE"])
_ask = Channel._brpop_start


def _ask_unless_deaf(channel: Any, *args: Any, **options: Any) -> Any:
    return None if _deaf.exists() else _ask(channel, *args, **options)


Channel._brpop_start = _ask_unless_deaf
