"""`python -m worker`: a worker that serves the models of the models folder until SIGTERM."""

import os
import sys

# Before numpy is imported: a process per core, and one thread in each. More threads than cores
# take each other's time.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import joblib
from billiard.util import get_logger
from celery.signals import setup_logging

from shared.config.settings import load_settings
from shared.errors.model import ModelError
from shared.model import read_cards
from shared.telemetry import logs
from worker.app import app, serve_queues
from worker.loading import failed
from worker.memory import keep_freed_memory, most_process_bytes
from worker.upkeep.heartbeat import silent


@setup_logging.connect
def log(**_: object) -> None:
    """Log one line an event to stderr; a receiver here keeps Celery from its own set-up."""
    logs.set_up(load_settings())
    # By itself it prints what it has to say of a dead process past all logging.
    get_logger().propagate = True


def main() -> None:
    """Check the models, then let Celery run."""
    keep_freed_memory()
    settings = load_settings()
    # Already here: what is said before Celery asks for it is a line as any other.
    logs.set_up(settings)
    logs.warn_of_variables()
    try:
        cards = read_cards(settings.models_dir, settings.serve)
    except ModelError as error:
        sys.exit(f"scorelane worker: {error}")
    serve_queues(app, list(cards.values()))
    # joblib heeds the limits of a container, and where the process may run.
    processes = settings.processes or joblib.cpu_count()
    most_bytes = settings.max_process_bytes or most_process_bytes(processes)
    try:
        app.worker_main(
            [
                "--quiet",
                "worker",
                "--pool=prefork",
                f"--concurrency={processes}",
                # In KiB. A process that a model lets grow is replaced after its task, before the
                # kernel ends it in the middle of one.
                f"--max-memory-per-child={most_bytes // 1024}",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
    finally:
        if failed.is_set():
            # Celery's own status is that of an orderly stop, which nobody would restart.
            sys.exit("scorelane worker: a model could not be loaded; see above")
        if silent.is_set():
            sys.exit("scorelane worker: it took no work any more; see above")


if __name__ == "__main__":
    main()
