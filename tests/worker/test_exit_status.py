"""A worker that Celery ends because of an error has an exit status that restarts it."""

import os
import subprocess
import sys

from shared.config.settings import Settings

#: A worker whose pool of processes cannot be made, as with no memory for it.
PROGRAM = """
import celery.concurrency.prefork
def fail(self):
    raise OSError(12, "Cannot allocate memory")
celery.concurrency.prefork.TaskPool.on_start = fail
from worker.__main__ import main
main()
"""


def test_an_error_of_celery_is_no_orderly_stop(redis_settings: Settings) -> None:
    """The status is 1, and not 0 as after a SIGTERM: that would not restart the worker."""
    env = {**os.environ, "SCORELANE_REDIS_URL": redis_settings.redis_url, "SCORELANE_SERVE": "fast"}
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Celery has ended it" in ended.stderr
