"""The versions of models: what each has done, their aliases, and who has changed them."""

from collections.abc import Mapping
from typing import Annotated

from flask import Blueprint, request
from pydantic import Field
from typing_extensions import TypedDict

from api.requests.option_values import is_true
from api.requests.options import whole_number
from api.schema.describe import OF_A_MODEL, Answer, Parameter, describes, json, number
from api.security.access import current_identity
from api.services import Services, current_services
from shared.aliases import (
    CHAMPION,
    Change,
    Names,
    Step,
    pointed,
    removed,
    rolled_back,
    served_again,
    unset,
)
from shared.errors.aliases import (
    AliasMoved,
    BadAlias,
    NoFormerChampion,
    NoSuchAlias,
    NotServed,
    VersionInUse,
)
from shared.errors.base import ScorelaneError
from shared.errors.input import BadOption, UnknownModel, UnknownOption
from shared.errors.service import NoModelYet, NoSuchModel
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("versions", __name__)

#: The most changes that one answer lists.
_MOST_CHANGES = 1000

#: The most characters of a version, an alias, or the name of who makes a change.
_MOST_CHARS = 100


class ChangeJson(TypedDict):
    """A change of the aliases or the versions of a model."""

    model: str
    number: Annotated[int, Field(description="1 is the first change of this model.")]
    at: Annotated[str, Field(description="When, by Redis's clock.")]
    by: Annotated[
        str, Field(description="The owner and the id of the key; without keys what was sent.")
    ]
    action: Annotated[
        str,
        Field(
            description="`promote`, `alias`, `unset`, `rollback`, `traffic`, `remove` or `serve`."
        ),
    ]
    alias: str | None
    before: Annotated[str | None, Field(description="The version before.")]
    after: Annotated[str | None, Field(description="The version from then on.")]


class ChangeMade(ChangeJson):
    """A change that was made just now."""

    processes: Annotated[int, Field(description="The live processes that serve the version.")]
    failed_jobs: Annotated[int, Field(description="The jobs that failed because of it.")]


class AuditJson(TypedDict):
    """Changes, the newest first."""

    changes: list[ChangeJson]


_EXAMPLE: ChangeJson = {
    "model": "mine",
    "number": 3,
    "at": "2026-01-01T00:00:00.000Z",
    "by": "alice (key 0a1b2c3d4e5f)",
    "action": "promote",
    "alias": "champion",
    "before": "e5cff74e16d3",
    "after": "3f2a1b2c3d4e",
}
_MADE = Answer("The change.", json(ChangeMade, _EXAMPLE | {"processes": 2, "failed_jobs": 0}))
_TEXT = {"type": "string", "maxLength": _MOST_CHARS}
_VERSION = Parameter(
    "version",
    _TEXT,
    "The version, at least 4 digits of its beginning, or an alias.",
    example="challenger",
)
_EXPECTED = Parameter(
    "expected",
    _TEXT,
    "The whole version at which the alias must point before; otherwise the change is refused. So a "
    "request that is sent twice changes nothing twice.",
)
_BY = Parameter(
    "by",
    _TEXT,
    "Who makes the change, for the audit. Only where no key is needed; otherwise the key says it.",
)
_FORCE = Parameter(
    "force",
    {"type": "boolean"},
    "Also if jobs wait for the version, which then fail (but not those of which it is the second "
    "model), or if requests that name no version get it. If it is the champion, these are refused "
    "until another version is promoted.",
)
_LIMIT = Parameter("limit", number(1, _MOST_CHANGES), "The most changes that are listed.")
_OF_OPTIONS: tuple[type[ScorelaneError], ...] = (UnknownOption, BadOption)
_OF_VERSIONS: tuple[type[ScorelaneError], ...] = (NoSuchModel, *OF_A_MODEL, *_OF_OPTIONS)


@blueprint.put("/models/<name>/aliases/<alias>")
@describes(
    {200: _MADE},
    refused=(*_OF_VERSIONS, NoModelYet, BadAlias, AliasMoved, NotServed),
    parameters=(_VERSION, _EXPECTED, _BY),
)
def point(name: str, alias: str) -> ChangeMade:
    """Let an alias point at a version of a model; it may be new.

    The alias `champion` is what the bare name of the model means: new requests get that version
    within a second. Jobs keep the version that they were accepted with.
    """
    at, options = current_services(), _options(_VERSION, _EXPECTED, _BY)
    wanted = options.get("version")
    if not wanted:
        raise BadOption(option="version", value="", reason="it must be a version or an alias")

    def decide(names: Names) -> Step:
        version = _found(at, name, names.aliases.get(wanted, wanted))
        return _served(at, name, pointed(names, alias, version, expected=options.get("expected")))

    return _made(at, at.aliases.change(name, _by(options), decide))


@blueprint.delete("/models/<name>/aliases/<alias>")
@describes({200: _MADE}, refused=(*_OF_OPTIONS, NoSuchAlias, BadAlias), parameters=(_BY,))
def remove_alias(name: str, alias: str) -> ChangeMade:
    """Remove an alias. The champion can only be replaced."""
    at, options = current_services(), _options(_BY)
    return _made(at, at.aliases.change(name, _by(options), lambda names: unset(names, alias)))


@blueprint.post("/models/<name>/rollback")
@describes(
    {200: _MADE},
    refused=(*_OF_OPTIONS, NoFormerChampion, AliasMoved, NotServed),
    parameters=(_EXPECTED, _BY),
)
def rollback(name: str) -> ChangeMade:
    """Make the champion before the present one the champion again.

    Each further rollback goes back by one more. A removed version is passed over.
    """
    at, options = current_services(), _options(_EXPECTED, _BY)

    def decide(names: Names) -> Step:
        return _served(at, name, rolled_back(names, name, expected=options.get("expected")))

    return _made(at, at.aliases.change(name, _by(options), decide))


@blueprint.delete("/models/<name>/versions/<version>")
@describes(
    {200: _MADE},
    refused=(*_OF_VERSIONS, VersionInUse),
    parameters=(_FORCE, _BY),
)
def remove(name: str, version: str) -> ChangeMade:
    """Withdraw a version from service: it gets no new work.

    It is refused while jobs wait for the version, or if requests that name no version get it.
    """
    at, options = current_services(), _options(_FORCE, _BY)
    force = is_true("force", options.get("force", "false"))
    whole = _known(at, name, version)
    if not force:
        _check_unused(at, name, whole)
    made = at.aliases.change(name, _by(options), lambda names: removed(names, whole))
    reason = f"{name}@{whole} was removed by {made.by}. Submit the rows again."
    failed = at.store.abandon(f"{name}@{whole}", reason) if force else 0
    return _made(at, made, failed)


@blueprint.put("/models/<name>/versions/<version>")
@describes({200: _MADE}, refused=_OF_VERSIONS, parameters=(_BY,))
def serve(name: str, version: str) -> ChangeMade:
    """Take a version into service again that was removed, and that workers have."""
    at, options = current_services(), _options(_BY)
    whole = _known(at, name, version)
    change = at.aliases.change(name, _by(options), lambda names: served_again(names, whole))
    return _made(at, change)


@blueprint.get("/models/<name>/audit")
@describes(
    {200: Answer("The changes.", json(AuditJson, {"changes": [_EXAMPLE]}))},
    refused=_OF_OPTIONS,
    parameters=(_LIMIT,),
)
def audit(name: str) -> AuditJson:
    """The changes of the aliases and versions of a model, the newest first."""
    limit = whole_number(_options(_LIMIT), "limit", 50, _MOST_CHANGES, least=1)
    changes = current_services().aliases.changes(name, limit)
    return {"changes": [_change_json(one) for one in changes]}


def _options(*known: Parameter) -> dict[str, str]:
    """The options of the request, by name.

    Raises:
        UnknownOption: a name is none of these.
        BadOption: a value is too long.
    """
    names = [one.name for one in known]
    for name, value in request.args.items():
        if name not in names:
            raise UnknownOption(option=name[:80], options=", ".join(names))
        if len(value) > _MOST_CHARS:
            reason = f"it may have {_MOST_CHARS} characters"
            raise BadOption(option=name, value=value[:80], reason=reason)
    return request.args.to_dict()


def _by(options: Mapping[str, str]) -> str:
    """Who makes a change: the key says it, or where none is needed the client."""
    key = current_identity()
    return f"{key.owner} (key {key.id})" if key.id else options.get("by", "")


def _found(at: Services, model: str, wanted: str) -> str:
    """The whole version of a model that is there."""
    try:
        return at.names.find(f"{model}@{wanted}").card.version
    except UnknownModel as error:
        raise NoSuchModel(**error.fields) from None


def _known(at: Services, model: str, wanted: str) -> str:
    """The whole version of a model, which may be gone or removed."""
    try:
        return at.names.version(model, wanted)
    except UnknownModel as error:
        raise NoSuchModel(**error.fields) from None


def _served(at: Services, model: str, step: Step) -> Step:
    """Check that a live process serves the version that becomes the champion."""
    full_name = f"{model}@{step.after}"
    if step.alias == CHAMPION and not at.fleet.processes(full_name):
        raise NotServed(version=full_name, alias=CHAMPION)
    return step


def _check_unused(at: Services, model: str, version: str) -> None:
    full_name = f"{model}@{version}"
    advice = "force=true removes it all the same"
    aliases = at.names.names_of(model).of(version)
    current = at.names.current().get(model)
    if CHAMPION in aliases or (current and current.card.version == version):
        reason = "requests that name no version get it"
        more = f"Promote another one first; {advice}."
        raise VersionInUse(version=full_name, reason=reason, advice=more)
    if at.store.needs(full_name):
        reason = "jobs wait for it"
        more = f"Wait until they are done; {advice}, and the jobs of this model fail."
        raise VersionInUse(version=full_name, reason=reason, advice=more)


def _change_json(change: Change) -> ChangeJson:
    return {
        "model": change.model,
        "number": change.number,
        "at": rfc3339(change.at),
        "by": change.by,
        "action": change.action,
        "alias": change.alias,
        "before": change.before,
        "after": change.after,
    }


def _made(at: Services, change: Change, failed_jobs: int = 0) -> ChangeMade:
    version = change.after or change.before
    return {
        **_change_json(change),
        "processes": at.fleet.processes(f"{change.model}@{version}"),
        "failed_jobs": failed_jobs,
    }
