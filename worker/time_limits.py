"""How long each task may take, before its process is ended."""

from shared.dispatch import Task
from shared.settings import Settings


def time_limits(settings: Settings) -> dict[str, float]:
    """Seconds, by the name of the task."""
    limits = {task.value: settings.task_time_limit for task in Task}
    return limits | {Task.FINISH.value: settings.finish_time_limit}
