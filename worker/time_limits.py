"""How long each task may take, before its process is ended."""

from shared.config.settings import Settings
from shared.dispatch import Task


def time_limits(settings: Settings) -> dict[str, float]:
    """Seconds, by the name of the task."""
    limits = {task.value: settings.task_time_limit for task in Task}
    # These may have a file of fifty million rows before them, and run no model that might hang.
    return limits | dict.fromkeys((Task.READ, Task.FINISH), settings.finish_time_limit)
