"""Which places an owner may read or write: lines of the setting `SCORELANE_PLACES`."""

import re
from importlib.util import find_spec
from typing import Literal, NamedTuple

from shared.config.object_address import object_address
from shared.config.settings import Settings
from shared.errors.input import BadPlace, PlaceNotAllowed
from shared.errors.service import BadSettings
from shared.places.address import Place, place_of

#: What may be done with a place.
Verb = Literal["read", "write"]

_VERBS: dict[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "write": frozenset({"write"}),
    "both": frozenset({"read", "write"}),
}

_ANY = "*"

#: As a rule: every public host. No place has this host.
_ANY_HOST = "https://*"

_RULE = re.compile(r"(\S+)\s+(read|write|both)\s+(\S.*)")


class Rule(NamedTuple):
    """What an owner may do below a place.

    Attributes:
        owner: the owner; `*`: every owner, also that of a service without keys.
        verbs: what may be done.
        place: where; None: at any `https://` host.
    """

    owner: str
    verbs: frozenset[str]
    place: Place | None

    def allows(self, owner: str, verb: Verb, place: Place) -> bool:
        """Whether this rule allows an owner to do something at a place."""
        if self.owner not in (_ANY, owner) or verb not in self.verbs:
            return False
        if self.place is None:
            return place.scheme == "https"
        return self.place.holds(place)


class AllowedPlaces:
    """The places that the settings allow; everything else is refused."""

    def __init__(self, rules: list[Rule], own: Place | None = None) -> None:
        """Take the rules, and where the service has blobs of its own; None: not in a store."""
        self._rules = rules
        self._own = own

    @property
    def need_object_storage(self) -> bool:
        """Whether a rule is about another place than a web server."""
        return any(rule.place and rule.place.scheme != "https" for rule in self._rules)

    def allow(self, owner: str, verb: Verb, place: Place) -> bool:
        """Whether an owner may read or write a place."""
        return any(rule.allows(owner, verb, place) for rule in self._rules)

    def check(self, owner: str, verb: Verb, place: Place) -> None:
        """Check that an owner may read or write a place.

        Whatever the rules say, nobody may read or write the blobs of the service, which are those
        of all owners.

        Raises:
            shared.errors.input.PlaceNotAllowed: no rule allows it.
            shared.errors.input.BadPlace: blobs of the service are there.
        """
        if self._own and (self._own.holds(place) or (place.is_folder and place.holds(self._own))):
            raise BadPlace(address=place.url, reason="the service keeps its own blobs there")
        if not self.allow(owner, verb, place):
            folder = place.url[: place.url.rindex("/") + 1]
            line = f"{owner or _ANY} {verb} {folder}"
            raise PlaceNotAllowed(verb=verb, address=place.url, line=line)


def allowed_places(settings: Settings) -> AllowedPlaces:
    """Read the rules of the settings; their file is read at each call, so that it can be changed.

    Raises:
        shared.errors.service.BadSettings: a line of them cannot be read, or the file cannot.
    """
    rules = _rules(settings.places.replace(";", "\n"), "SCORELANE_PLACES")
    if path := settings.places_file:
        try:
            rules += _rules(path.read_text(), str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            fault = f"SCORELANE_PLACES_FILE: {str(path)!r} cannot be read: {reason}."
            raise BadSettings(faults=fault) from None
    return AllowedPlaces(rules, Place(*object_address(settings.blobs)) if settings.blobs else None)


def check_places(settings: Settings) -> None:
    """Check at the start of a program that the rules can be read, and what they need is here.

    Raises:
        shared.errors.service.BadSettings: a line of them cannot be read, or the library for object
            storage is not installed.
    """
    if allowed_places(settings).need_object_storage and find_spec("obstore") is None:
        advice = "needs a library: pip install 'scorelane-server[object-storage]'."
        raise BadSettings(faults=f"SCORELANE_PLACES: object storage {advice}")


def _rules(text: str, where: str) -> list[Rule]:
    """Read lines `owner read|write|both address`; a line that begins with `#` is a comment."""
    rules = []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        try:
            rules.append(_rule(line))
        except ValueError as error:
            raise BadSettings(faults=f"{where}: line {number} cannot be used: {error}.") from None
    return rules


def _rule(line: str) -> Rule:
    found = _RULE.fullmatch(line)
    if found is None:
        raise ValueError("it must be like `alice read s3://bucket/folder/`")
    owner, verbs, address = found.groups()
    place = None if address.rstrip("/") == _ANY_HOST else place_of(address)
    if "write" in _VERBS[verbs] and (place is None or place.scheme == "https"):
        raise ValueError("an https:// address can only be read")
    return Rule(owner, _VERBS[verbs], place)
