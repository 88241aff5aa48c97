"""Loads the models of a worker process, before it is given its first task."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path
from random import Random

import pandas as pd
from celery.signals import worker_process_init, worker_process_shutdown
from redis.exceptions import RedisError

from shared.config.settings import Settings, load_settings
from shared.dispatch import CeleryDispatch
from shared.errors.model import ModelError
from shared.fleet import Fleet, Served
from shared.model import TEXT, Model, load_model, read_cards
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.storage.blobs import FolderBlobs
from shared.telemetry.spans import spans
from worker.app import app
from worker.pipeline import Pipeline
from worker.steps.background_close import BackgroundCloser
from worker.steps.leases import LeaseRenewer
from worker.telemetry.journal import Journal
from worker.telemetry.measures import counters

logger = logging.getLogger(__name__)

#: What the texts are made of on which a model's rate is measured.
SAMPLE = "It was a good day, and the food that we had was not too bad at all: thanks"

#: The most of them: to make more would take longer than a fast model needs to score them.
SAMPLE_ROWS = 16_384

#: A lease is renewed so often in its time: one renewal that is late ends nothing.
RENEWALS = 3

#: Set by a process that could not load its models; the main process, which it was forked from,
#: then ends with a status that says so.
failed = multiprocessing.Event()

_pipeline: Pipeline | None = None
_closer: BackgroundCloser | None = None


def pipeline() -> Pipeline:
    """The pipeline of this process."""
    if _pipeline is None:
        raise RuntimeError("no model is loaded in this process")
    return _pipeline


def node_name(pid: int) -> str:
    """The name of the worker whose main process has this pid."""
    return f"{socket.gethostname()}-{pid}"


@worker_process_init.connect
def preload(**_: object) -> None:
    """Load and warm up every model this worker serves, measure it, and announce it.

    Celery gives the process its first task after this. It is here, in the child, that TensorFlow
    is imported: its threads would not survive the fork.
    """
    settings = load_settings()
    try:
        _preload(settings)
    except Exception as error:
        # Celery logs what a signal's receiver raises, and goes on: with a process that has no
        # model and fails every task. End the whole worker instead.
        if isinstance(error, ModelError):
            logger.critical("the worker stops: %s", error)
        else:
            logger.critical("the worker stops: it could not load its models", exc_info=True)
        failed.set()
        os.kill(os.getppid(), signal.SIGTERM)


@worker_process_shutdown.connect
def end(**_: object) -> None:
    """Close what is scored, and send the spans that wait to be sent."""
    if _closer:
        _closer.wait()
    spans.stop()


def _preload(settings: Settings) -> None:
    global _pipeline, _closer  # noqa: PLW0603  one a process; Celery's signals hand nothing on
    served = []
    models: dict[str, Model] = {}
    rates: dict[str, float] = {}
    for folder in read_cards(settings.models_dir, settings.serve):
        model, rate = _load(folder)
        models[model.card.full_name] = model
        rates[model.card.full_name] = rate
        served.append(Served(card=model.card, rate=rate))
    spans.start("scorelane-worker")
    link = RedisLink(settings)
    fleet = RedisFleet(link, settings)
    lease_renewer = LeaseRenewer(settings.lease_seconds / RENEWALS)
    lease_renewer.start()
    _closer = BackgroundCloser()
    _pipeline = Pipeline(
        settings,
        store=RedisJobStore(link, settings),
        blobs=FolderBlobs(settings.blobs_dir),
        dispatch=CeleryDispatch(app, link.now),
        fleet=fleet,
        lease_renewer=lease_renewer,
        models=models,
        rates=rates,
        journal=Journal(counters),
        later=_closer,
    )
    announce(fleet, served)


def announce(fleet: Fleet, served: list[Served], pause: float = 1.0) -> None:
    """Announce what this process serves, as soon as Redis answers; else look again after a pause.

    Redis may be away just when a process has loaded its models. That is no reason to end it, and
    the whole worker with it.
    """
    while True:
        try:
            fleet.announce(node_name(os.getppid()), served)
        except RedisError as error:
            logger.warning("not announced yet: Redis does not answer (%s)", error)
            time.sleep(pause)
        else:
            return


def _load(folder: Path) -> tuple[Model, float]:
    started = time.perf_counter()
    model = load_model(folder)
    model.warm_up()
    rate = measure_rate(model)
    seconds = time.perf_counter() - started
    logger.info("loaded %s in %.1f s, %.0f rows/s", model.card.full_name, seconds, rate)
    return model, rate


def measure_rate(model: Model, seconds: float = 0.2) -> float:
    """Rows per second of a model on texts of usual length, measured for about so many seconds."""
    words, random = SAMPLE.split(), Random(0)  # noqa: S311  nothing here is secret
    rows, elapsed = 1, 0.0
    # One row is much for some models, and nothing for others.
    while elapsed < seconds / 2 and rows < SAMPLE_ROWS:
        rows *= 4
        # All different: a runtime may score equal texts once.
        texts = [" ".join(random.sample(words, len(words))) for _ in range(rows)]
        frame = pd.DataFrame({TEXT: pd.Series(texts, dtype=object)})
        started = time.perf_counter()
        model.score(frame)
        elapsed = time.perf_counter() - started
    return rows / elapsed
