"""Errors about the versions of a model and their aliases."""

from shared.errors.base import ScorelaneError


class AmbiguousVersion(ScorelaneError):
    """'{model}' may be any of {candidates}. Write more digits of the version."""


class BadAlias(ScorelaneError):
    """'{alias}' cannot be the alias: {reason}."""


class NoSuchAlias(ScorelaneError):
    """There is no alias '{alias}'. The aliases of the model: {aliases}."""


class AliasMoved(ScorelaneError):
    """The alias {alias} points at {found} and not at {expected}, so nothing was changed. Somebody
    else has changed it; GET /models shows the aliases.
    """


class NoFormerChampion(ScorelaneError):
    """The model '{model}' has no former champion to go back to. Choose a version:
    `scorelane promote {model}@VERSION`.
    """


class NoChampion(ScorelaneError):
    """The alias {alias} of the model '{model}' points at {version}, {reason}. Nothing was accepted,
    as no other version takes its place by itself. Start a worker that has it, or let the alias
    point at another version: `scorelane promote {model}@VERSION --as {alias}`.
    """


class VersionInUse(ScorelaneError):
    """{version} was not removed: {reason}. {advice}"""


class NotServed(ScorelaneError):
    """No process serves {version} at present, so it was not made the {alias}: requests would wait
    or be refused. Start a worker that has it, or choose another version.
    """
