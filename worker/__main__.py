"""`python -m worker`: a worker that serves the models of the models folder until SIGTERM."""

import os
import sys

# Before numpy is imported, which reads these once. There is a scoring process for each core: more
# threads than one in each would only compete for the cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from billiard.util import get_logger
from celery.signals import setup_logging

from shared.config.settings import load_settings
from shared.errors.model import ModelError
from shared.load_time import load_seconds
from shared.model import read_cards
from shared.telemetry import logs
from worker.app import app, serve_queues
from worker.bootstrap import main_process
from worker.loading import process_count
from worker.memory import keep_freed_memory, max_process_bytes


@setup_logging.connect
def log(**_: object) -> None:
    """Log to stderr, one line per event; while this is connected Celery sets up no logging."""
    logs.set_up(load_settings())
    # Otherwise billiard prints its messages about dead processes to stderr, past all logging.
    get_logger().propagate = True


def main() -> None:
    """Check the models, then run Celery; exit with 1 if a model is bad or the worker stalled."""
    keep_freed_memory()
    settings = load_settings()
    # Celery calls `log` only later; messages before that must be formatted too.
    logs.set_up(settings)
    logs.warn_of_variables()
    try:
        cards = read_cards(settings.models_dir, settings.serve)
    except ModelError as error:
        sys.exit(f"scorelane worker: {error}")
    serve_queues(app, list(cards.values()))
    processes = process_count(settings)
    # After this time Celery kills a process that is not ready, and starts another.
    app.conf.worker_proc_alive_timeout = load_seconds(cards, processes)
    max_bytes = settings.max_process_bytes or max_process_bytes(processes)
    try:
        app.worker_main(
            [
                "--quiet",
                "worker",
                "--pool=prefork",
                f"--concurrency={processes}",
                # In KiB. If a model makes its process grow, Celery replaces the process after its
                # task, before the kernel kills it in the middle of one.
                f"--max-memory-per-child={max_bytes // 1024}",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
    finally:
        if main_process.loading_failed.is_set():
            # Celery exits with 0, as after an orderly stop; then nothing would restart the worker.
            sys.exit("scorelane worker: a model could not be loaded; see above")
        if main_process.stalled:
            sys.exit("scorelane worker: it took no work any more; see above")


if __name__ == "__main__":
    main()
