"""`python -m worker`: a worker that serves the models of the models folder until SIGTERM."""

import logging
import os
import sys
from contextlib import closing

# Before numpy is imported, which reads these once. There is a scoring process for each core: more
# threads than one in each would only compete for the cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from billiard.util import get_logger
from celery.signals import setup_logging

from shared.config.settings import Settings, load_settings
from shared.errors.model import ModelError
from shared.model_folders import reason_of
from shared.private_copies import room_for_copies
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.redis.monitor import log_errors
from shared.telemetry import logs
from worker.announcement import withdraw_predecessor
from worker.app import app, process_count, serve_queues
from worker.bootstrap import main_process
from worker.memory import keep_freed_memory, max_process_bytes
from worker.models.finding import find_models, open_mirror
from worker.models.served_models import ServedModels
from worker.unready_processes import UnreadyProcesses

logger = logging.getLogger(__name__)


@setup_logging.connect
def log(**_: object) -> None:
    """Log to stderr, one line per event; while this is connected Celery sets up no logging."""
    _log(load_settings())
    # Otherwise billiard prints its messages about dead processes to stderr, past all logging.
    get_logger().propagate = True


def _log(settings: Settings) -> None:
    logs.set_up(settings)
    log_errors(settings, "worker")


def main() -> None:
    """Check the models, then run Celery; exit with 1 if no model can be served."""
    keep_freed_memory()
    settings = load_settings()
    # Celery calls `log` only later; messages before that must be formatted too.
    _log(settings)
    logs.warn_of_variables()
    try:
        main_process.mirror = open_mirror(settings)
        folders = find_models(settings, main_process.mirror)
    except (ModelError, OSError) as error:
        sys.exit(f"scorelane worker: {reason_of(error)}")
    for name, reason in folders.failed.items():
        logger.error("%s is not served: %s", name, reason)
    serve_queues(app, list(folders.cards.values()))
    processes = process_count(settings)
    with closing(RedisLink(settings)) as link:
        withdraw_predecessor(RedisFleet(link, settings))
    main_process.unready = UnreadyProcesses(processes)
    with room_for_copies(), closing(ServedModels(folders, processes)) as models:
        main_process.models = models
        # After this time Celery kills a process that is not ready, and starts another.
        app.conf.worker_proc_alive_timeout = models.load_seconds
        run(settings, processes)


def run(settings: Settings, processes: int) -> None:
    """Run Celery until the worker is told to stop; exit with 1 if it must be restarted."""
    max_bytes = settings.max_process_bytes or max_process_bytes(processes)
    # What the command `celery worker` makes. The command itself would import a shell and more.
    celery_worker = app.Worker(
        quiet=True,
        pool_cls="prefork",
        concurrency=processes,
        # In KiB. If a model makes its process grow, Celery replaces the process after its task,
        # before the kernel kills it in the middle of one.
        max_memory_per_child=max_bytes // 1024,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    try:
        celery_worker.start()
    finally:
        if main_process.loading_failed.is_set():
            # Celery exits with 0, as after an orderly stop; then nothing would restart the worker.
            sys.exit("scorelane worker: its models could not be loaded; see above")
        if main_process.stalled:
            sys.exit("scorelane worker: it took no work any more; see above")
        if celery_worker.exitcode:
            sys.exit("scorelane worker: Celery has ended it; see above")


if __name__ == "__main__":
    main()
