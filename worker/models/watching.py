"""Makes what follows the models folder of a worker."""

import logging
from functools import partial
from typing import Any

from shared.aliases import Aliases
from shared.config.settings import Settings
from shared.errors.service import DataDamaged
from shared.jobs.job_store import JobStore
from shared.library_fit import declines
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.redis.overview import RedisOverview
from worker.app import add_queues, drop_queues
from worker.memory import max_process_bytes
from worker.models.folder_watch import FolderWatch
from worker.models.model_watcher import ModelWatcher
from worker.models.served_models import ServedModels
from worker.models.store_watch import Mirror, StoreWatch
from worker.models.trials import Trials

logger = logging.getLogger(__name__)


def make_watch(settings: Settings, mirror: Mirror | None, aliases: Aliases) -> FolderWatch:
    """Make what watches the models of a worker.

    Args:
        settings: of the worker.
        mirror: what copies the models from object storage; None: they are in a folder.
        aliases: knows which versions were withdrawn from service.
    """
    rules: Any = {
        "removed": partial(removed, aliases),
        "declines": declines(settings.library_versions),
    }
    if mirror is None:
        return FolderWatch(settings.models_dir, settings.serve, **rules)
    return StoreWatch(mirror, settings.serve, seconds=settings.models_seconds, **rules)


def make_watcher(
    models: ServedModels,
    watch: FolderWatch,
    settings: Settings,
    consumer: Any,
    link: RedisLink,
    store: JobStore,
) -> ModelWatcher:
    """Make the thread of a worker's main process that follows its models.

    Args:
        models: the models of the worker.
        watch: what watches them.
        settings: of the worker.
        consumer: Celery's, which takes messages from the queues.
        link: Redis.
        store: knows what work there is for a model.
    """
    overview = RedisOverview(link)

    def is_needed(full_name: str) -> bool:
        # Small jobs that are being scored are in neither of the store's lists.
        work = overview.workloads([full_name])[full_name]
        return store.needs(full_name) or any(vars(work).values())

    trials = Trials(
        models,
        watch,
        trial_seconds=settings.trial_seconds,
        process_bytes=settings.max_process_bytes or max_process_bytes(models.processes),
    )
    return ModelWatcher(
        models,
        watch,
        trials,
        fleet=RedisFleet(link, settings),
        is_needed=is_needed,
        add_queues=lambda name: add_queues(consumer, name, load_seconds=models.load_seconds),
        drop_queues=partial(drop_queues, consumer),
        look_seconds=settings.models_seconds,
        keep_seconds=settings.replaced_seconds,
        wait_seconds=settings.task_time_limit / 2,
    )


def removed(aliases: Aliases) -> set[str]:
    """The full names of the versions that were withdrawn from service; none while nobody knows.

    A version that is served for longer than that harms nobody: the API gives it no work.
    """
    try:
        names = aliases.all()
    except (DataDamaged, OSError) as error:
        logger.warning("removed versions are not known, and are served: %s", error)
        return set()
    return {f"{model}@{version}" for model, one in names.items() for version in one.removed}
