"""`python -m scorelane.commands.settings_page`: docs/settings.md, as `make settings` writes it."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from shared.config.settings import BUNDLED_MODELS, OTHERS, PREFIX, Settings
from shared.config.validation import allowed

_HEAD = """\
# Settings

Environment variables, of the API and of the workers alike; compose hands on those that are set in the shell or in `.env`.
Sizes are in bytes, times in seconds. A variable of such a name that is none of these is named in the log when a program starts, and by `scorelane doctor`. A value that
cannot be ends a program at its start, with a line that names the variable and exit status 78. Made from `shared/config/settings.py` by `make settings`.

| variable | may be | default | what |
|---|---|---|---|
"""

_OTHERS = """
These are read by other programs than the API and the workers:

| variable | whose it is |
|---|---|
"""

_COMPOSE = """| `SCORELANE_PUBLISH` | Compose: where the API is published on the machine, besides what it means above. |
| `WITH_TENSORFLOW`, `EXTRAS` | Compose, for the build: [deploy.md](deploy.md). |
| `WEB_CONCURRENCY` | gunicorn: processes of the API; 2 where it is not set. |
| `OTEL_*` | OpenTelemetry: [deploy.md](deploy.md). |
"""


def page() -> str:
    """The page, from the settings as they are."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {allowed(field)} | {_default(field.default)} "
        f"| {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    others = [f"| `{name}` | {what} |\n" for name, what in OTHERS.items()]
    return "".join([_HEAD, *rows, _OTHERS, *others, _COMPOSE])


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value == BUNDLED_MODELS:
        return "the bundled models"
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    Path("docs/settings.md").write_text(page(), encoding="utf-8")
