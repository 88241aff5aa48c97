"""`/models/<name>/traffic`: the shares of the champion's work that its challenger gets."""

from functools import partial
from typing import Annotated

from flask import Blueprint, request
from pydantic import Field
from typing_extensions import TypedDict

from api.canary import traffic_of
from api.schema.describe import Answer, Parameter, describes, json
from api.security.access import current_identity
from api.services import Services, current_services
from shared.aliases import directed
from shared.errors.aliases import NoSuchAlias
from shared.errors.input import BadOption, UnknownOption
from shared.traffic import CHALLENGER

blueprint = Blueprint("traffic", __name__)

#: The most characters of the name of who makes a change.
_MOST_CHARS = 100

ShareOf = Annotated[float, Field(ge=0, le=1)]


class TrafficJson(TypedDict):
    """The shares of a challenger."""

    model: str
    champion: Annotated[str | None, Field(description="The version; null: none was promoted.")]
    challenger: Annotated[str | None, Field(description="The version; null: there is none.")]
    canary: Annotated[
        ShareOf, Field(description="Of new jobs and questions for the champion: it scores them.")
    ]
    shadow: Annotated[ShareOf, Field(description="Of new bulk jobs: it scores them as well.")]
    note: Annotated[str | None, Field(description="Why the challenger gets nothing at present.")]


_EXAMPLE: TrafficJson = {
    "model": "mine",
    "champion": "e5cff74e16d3",
    "challenger": "3f2a1b2c3d4e",
    "canary": 0.1,
    "shadow": 0.2,
    "note": None,
}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_PARAMETERS = (
    Parameter("canary", _SHARE, "The share of new jobs and questions. Default: as before."),
    Parameter("shadow", _SHARE, "The share of new bulk jobs. Default: as before."),
    Parameter(
        "by",
        {"type": "string", "maxLength": _MOST_CHARS},
        "Who makes the change, for the audit. Only where no key is needed.",
    ),
)
_ANSWER = {200: Answer("The shares.", json(TrafficJson, _EXAMPLE))}


@blueprint.get("/models/<name>/traffic")
@describes(_ANSWER, refused=())
def traffic(name: str) -> TrafficJson:
    """The shares of the champion's work that the challenger gets."""
    return _json(current_services(), name)


@blueprint.put("/models/<name>/traffic")
@describes(_ANSWER, refused=(NoSuchAlias, BadOption, UnknownOption), parameters=_PARAMETERS)
def direct(name: str) -> TrafficJson:
    """Give the challenger shares of the champion's work; they end when the alias moves.

    `canary`: it scores this share of new jobs and questions that name the model without a version.
    A share is sticky by the header `Scorelane-Traffic-Key`, by the label `traffic:...` of a job,
    or by owner. `shadow`: it also scores this share of new bulk jobs, after they have ended.
    """
    at, args = current_services(), request.args
    names = [one.name for one in _PARAMETERS]
    for option in args:
        if option not in names:
            raise UnknownOption(option=option[:80], options=", ".join(names))
    canary, shadow = _share("canary"), _share("shadow")
    key = current_identity()
    by = f"{key.owner} (key {key.id})" if key.id else args.get("by", "")[:_MOST_CHARS]

    at.aliases.change(name, by, partial(directed, canary=canary, shadow=shadow))
    return _json(at, name)


def _share(name: str) -> float | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise BadOption(option=name, value=text[:80], reason="it must be a number from 0 to 1")
    return share


def _json(at: Services, name: str) -> TrafficJson:
    names = at.names.names_of(name)
    shares = traffic_of(at.names, name)
    return {
        "model": name,
        "champion": names.champion,
        "challenger": names.aliases.get(CHALLENGER),
        "canary": shares.canary if shares else 0.0,
        "shadow": shares.shadow if shares else 0.0,
        "note": _note(at, name) if shares and (shares.canary or shares.shadow) else None,
    }


def _note(at: Services, name: str) -> str | None:
    champion, shares = at.names.current().get(name), traffic_of(at.names, name)
    if not champion or not shares:
        return f"No worker serves {name}."
    return at.canary.why_not(at.names, champion, shares)
