"""From the name that a request gives a model to one version of it.

A name is `mine`, `mine@3f2a` (a version, or the beginning of one) or `mine@challenger` (an alias).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from shared.aliases import CHAMPION, VERSION, Aliases, Names
from shared.errors.aliases import AmbiguousVersion, NoChampion
from shared.errors.input import UnknownModel
from shared.errors.service import NoModelYet
from shared.fleet import Fleet, Served, declined_by

#: The most names that a message lists, and the most characters of a name that it repeats.
_MOST_LISTED, _MOST_SHOWN = 50, 120


@dataclass(frozen=True)
class ModelNames:
    """The models, by the names that requests give them."""

    fleet: Fleet
    aliases: Aliases
    default: str  #: The model of requests that name none, if there are several.

    def names_of(self, model: str) -> Names:
        """The aliases of a model, and its versions that were removed."""
        return self.aliases.all().get(model, Names())

    def current(self) -> dict[str, Served]:
        """The version of each model that its bare name means, by name.

        It is the champion, if the model has one; otherwise that of `Fleet.models`, and if that was
        removed, the one with the newest card. A model whose champion nobody has is left out.
        """
        found = dict(self.fleet.models())
        for model, names in self.aliases.all().items():
            there = self.there(model)
            if names.champion:
                chosen = there.get(names.champion)
            elif model in found and found[model].card.version not in there:
                newest = sorted(there.values(), key=lambda one: one.card.created_at)
                chosen = newest[-1] if newest else None
            else:
                continue
            found.pop(model, None)
            if chosen:
                found[model] = chosen
        return dict(sorted(found.items()))

    def find(self, ref: str | None) -> Served:
        """The version that a name means. Without a name: the only model, or the default one.

        Raises:
            NoModelYet: no worker has announced a model yet.
            UnknownModel: there is no such model, version or alias.
            AmbiguousVersion: it is the beginning of several versions.
            NoChampion: the version that an alias points at, such as the champion, is not there.
        """
        current = self.current()
        if ref is None and len(current) == 1:
            return next(iter(current.values()))
        model, sign, wanted = (ref or self.default).partition("@")
        if not sign and model in current:
            return current[model]
        there, names = self.there(model), self.names_of(model)
        if not sign and not names.champion:
            if not current:
                raise NoModelYet
            raise self._unknown(model, None, current)
        alias = wanted if sign else CHAMPION
        version = names.aliases.get(alias) or self._match(model, wanted, there)
        if version not in there:
            declined = self._declined(model, version)
            reason = f"which fits no worker ({declined})" if declined else "which no worker has"
            reason = "which was removed" if version in names.removed else reason
            raise NoChampion(alias=alias, model=model, version=f"{model}@{version}", reason=reason)
        return there[version]

    def version(self, model: str, wanted: str) -> str:
        """The whole version that an alias, or the beginning of a version, means.

        It may be one that was removed, or that no worker has any more.

        Raises:
            UnknownModel: there is no such version or alias.
            AmbiguousVersion: it is the beginning of several versions.
        """
        names = self.names_of(model)
        known = {*self.there(model), *names.removed, *names.former, *names.aliases.values()}
        return names.aliases.get(wanted) or self._match(model, wanted, known)

    def there(self, model: str) -> dict[str, Served]:
        """The versions of a model that are announced or remembered, and not removed."""
        removed = self.names_of(model).removed
        return {
            one.card.version: one
            for one in self.fleet.versions().values()
            if one.card.name == model and one.card.version not in removed
        }

    def _match(self, model: str, wanted: str, versions: Collection[str]) -> str:
        """The version that `wanted` is, or is the beginning of."""
        found = [one for one in versions if one == wanted] or sorted(
            one for one in versions if _begins(one, wanted)
        )
        if len(found) > 1:
            candidates = _listed(f"{model}@{one}" for one in found)
            raise AmbiguousVersion(model=_shown(f"{model}@{wanted}"), candidates=candidates)
        if not found:
            known = (*sorted(versions), *sorted(self.names_of(model).aliases))
            raise self._unknown(model, wanted, (f"{model}@{one}" for one in known))
        return found[0]

    def _unknown(self, model: str, wanted: str | None, known: Iterable[str]) -> UnknownModel:
        declined = self._declined(model, wanted or "")
        return UnknownModel(
            model=_shown(model if wanted is None else f"{model}@{wanted}"),
            why=f" that fits a worker ({declined})" if declined else "",
            models=_listed(known),
        )

    def _declined(self, model: str, wanted: str) -> str:
        """Why workers leave the versions of a model to others that are meant.

        Args:
            model: its name.
            wanted: a version, or the beginning of one; empty: any version is meant.

        Returns:
            The versions and the reasons; empty: no worker has such a version.
        """
        removed = self.names_of(model).removed
        reasons = []
        for full_name, why in declined_by(self.fleet.workers()).items():
            name, _, version = full_name.partition("@")
            is_meant = not wanted or version == wanted or _begins(version, wanted)
            if name == model and is_meant and version not in removed:
                reasons.append(f"{full_name}: {why}")
        return _listed(reasons, "; ") if reasons else ""


def _begins(version: str, wanted: str) -> bool:
    """Whether a version begins with these hex digits, which may be capitals."""
    digits = wanted.lower()
    return VERSION.fullmatch(digits) is not None and version.startswith(digits)


def _shown(name: str) -> str:
    return name[:_MOST_SHOWN]


def _listed(names: Iterable[str], separator: str = ", ") -> str:
    found = list(names)
    more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    return separator.join(found[:_MOST_LISTED]) + more or "none"
