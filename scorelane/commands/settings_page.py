"""Writes docs/settings.md: `python -m scorelane.commands.settings_page`, or `make settings`."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from shared.config.places import user_models
from shared.config.settings import OTHERS, PREFIX, Settings
from shared.config.validation import allowed

_HEAD = """\
# Settings

The API and the workers read these environment variables.
Compose passes on those that are set in the shell or in `.env`.
Sizes are in bytes, times in seconds.
When a program starts, it logs a warning for each variable whose name begins with `SCORELANE_` and is not listed here; `scorelane doctor` reports it too.
If a value cannot be used, the program prints a line that names the variable, and exits with status 78.
`make settings` writes this page from `shared/config/`.

| variable | may be | default | what |
|---|---|---|---|
"""

_OTHERS = """
Other programs than the API and the workers read these:

| variable | program and meaning |
|---|---|
"""

_COMPOSE = """| `SCORELANE_PUBLISH` | Compose: the address of the machine at which the API is published, in addition to its meaning above. |
| `WITH_TENSORFLOW`, `EXTRAS` | Compose, when it builds the images: [deploy.md](deploy.md). |
| `WEB_CONCURRENCY` | gunicorn: the number of API processes; the default is 2. |
| `OTEL_*` | OpenTelemetry: [deploy.md](deploy.md). |
"""


def page() -> str:
    """The text of the page."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {allowed(field)} | {_default(_value_of(field))} "
        f"| {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    others = [f"| `{name}` | {what} |\n" for name, what in OTHERS.items()]
    return "".join([_HEAD, *rows, _OTHERS, *others, _COMPOSE])


def _value_of(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True, validated_data={})


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value == user_models():
        return "the user's models, and the bundled ones"
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value}`"


if __name__ == "__main__":
    Path("docs/settings.md").write_text(page(), encoding="utf-8")
