"""All settings of both programs: `SCORELANE_<NAME>` in the environment."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.config.access import AccessSettings
from shared.config.connections import ConnectionSettings
from shared.config.limits import LimitSettings
from shared.config.places import PlaceSettings
from shared.config.programs import ProgramSettings
from shared.config.validation import faults_of
from shared.config.work import WorkSettings
from shared.errors.service import BadSettings

PREFIX = "SCORELANE_"

#: Variables that begin with `PREFIX` and are not read by the API or the worker.
OTHERS = {
    "SCORELANE_URL": "The command line: the address of the service, where `--url` names none.",
    "SCORELANE_API_KEY": "The command line and the client: the key that is sent.",
    "SCORELANE_PYTHON_IMAGE": "Compose: the base of the images that are built.",
    "SCORELANE_REDIS_IMAGE": "Compose: the image of Redis.",
    "SCORELANE_TAG": "Compose: the tag of the images.",
    "SCORELANE_WORKERS": "Compose: how many worker containers run; 1 by default.",
}


#: How variables end that Kubernetes makes of Services whose name begins with `scorelane`.
_OF_KUBERNETES = re.compile(
    r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?$|^SCORELANE_PORT$"
)


# The last base comes first in the page.
class Settings(
    WorkSettings,
    ProgramSettings,
    ConnectionSettings,
    LimitSettings,
    AccessSettings,
    PlaceSettings,
    BaseSettings,
):
    """The settings and their defaults. Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, allow_inf_nan=False)


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        shared.errors.service.BadSettings: values cannot be used; the error names each variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = faults_of(error, Settings.model_fields, PREFIX)
    # Outside of the except block: pydantic's error, which quotes secrets, must not be chained.
    raise BadSettings(faults=" ".join(faults))


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Warnings about variables that look like settings and are none, one sentence each.

    Args:
        names: the names of variables; those that do not begin with `PREFIX` are ignored.
    """
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    warnings = []
    for name in sorted(name for name in names if not _OF_KUBERNETES.search(name)):
        # pydantic ignores case.
        if not name.upper().startswith(PREFIX) or name.upper() in {*known, *OTHERS}:
            continue
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.8)
        advice = f"did you mean {near[0]}?" if near else "docs/settings.md lists all settings."
        warnings.append(f"{name} is not a setting and has no effect: {advice}")
    return warnings
