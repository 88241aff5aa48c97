"""Findings about the SCORELANE_ variables of a program that has read them."""

from collections.abc import Mapping

from shared.config.settings import PREFIX, unknown_variables
from shared.monitoring.findings import Finding, fine, warning


def settings_findings(environment: Mapping[str, str]) -> list[Finding]:
    """Which variables look like settings and are none; or that all of them are known."""
    unknown = [
        warning("settings", message, "Remove it, or correct its name.")
        for message in unknown_variables(environment)
    ]
    names = [name for name in environment if name.upper().startswith(PREFIX)]
    return unknown or [fine("settings", f"{len(names)} variables are set, and all are known.")]
