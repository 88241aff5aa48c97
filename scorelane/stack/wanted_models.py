"""Which models a service loads that is started for one file."""

from collections.abc import Sequence
from pathlib import Path

from shared.config.settings import Settings
from shared.model_folders import folder_of


def to_serve(settings: Settings, models_dir: Path, wanted: Sequence[str] | None) -> str:
    """The setting `serve` with which only the wanted models are loaded.

    Where that is not certain, as for a name without a folder, the setting stays as it is. Then the
    service loads all models, and refuses the job with the names of those that there are.

    Args:
        settings: of the service.
        models_dir: the folder of model folders.
        wanted: what the job names, such as `mine` or `mine@3f2a`; empty: the default model; None:
            any model may be asked for.
    """
    if wanted is None or settings.serve:
        return settings.serve
    names = [one.partition("@")[0] for one in wanted] or [settings.default_model]
    # A comma separates names in the setting, and a path is no name.
    if any(Path(name).name != name or "," in name for name in names):
        return settings.serve
    if not all(folder_of(models_dir, name).is_dir() for name in names):
        return settings.serve
    return ",".join(dict.fromkeys(names))
