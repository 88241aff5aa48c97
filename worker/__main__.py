"""`python -m worker`: a worker that serves the models of the models folder until SIGTERM."""

import logging
import os
import sys

# Before numpy is imported: a process per core, and one thread in each. More threads than cores
# take each other's time.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import joblib
from celery.signals import setup_logging

from shared.errors import ModelError
from shared.model import read_cards
from shared.settings import load_settings
from worker.app import app, serve_queues
from worker.memory import keep_freed_memory
from worker.preload import failed


@setup_logging.connect
def log(**_: object) -> None:
    """Log one line an event to stderr; a receiver here keeps Celery from its own set-up."""
    logging.basicConfig(
        level=load_settings().log_level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("celery").setLevel(logging.WARNING)


def main() -> None:
    """Check the models, then let Celery run."""
    keep_freed_memory()
    settings = load_settings()
    try:
        cards = read_cards(settings.models_dir, settings.serve)
    except ModelError as error:
        sys.exit(f"scorelane worker: {error}")
    serve_queues(app, list(cards.values()))
    # joblib heeds the limits of a container, and where the process may run.
    processes = settings.processes or joblib.cpu_count()
    try:
        app.worker_main(
            [
                "--quiet",
                "worker",
                "--pool=prefork",
                f"--concurrency={processes}",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
    finally:
        if failed.is_set():
            # Celery's own status is that of an orderly stop, which nobody would restart.
            sys.exit("scorelane worker: a model could not be loaded; see above")


if __name__ == "__main__":
    main()
