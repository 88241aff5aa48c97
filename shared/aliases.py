"""Aliases: words that point at one version of a model, such as `champion`, and their history.

Each change makes a new state of one model from the state before it. The functions of `Names` that
make it know no store; `shared.redis.aliases` applies them one after the other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.errors.aliases import AliasMoved, BadAlias, NoFormerChampion, NoSuchAlias
from shared.traffic import CHALLENGER, Traffic

#: The version that a model's bare name means, if this alias is set.
CHAMPION = "champion"

#: The most former champions that a rollback can go back to.
MOST_FORMER = 100

#: The most aliases of a model, and the most versions of it that are withdrawn from service.
MOST_ALIASES, MOST_REMOVED = 50, 1000

_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,31}")

#: What may be the beginning of a version, or a whole one.
VERSION = re.compile(r"[0-9a-f]{4,64}")


class Names(BaseModel):
    """What the names of one model mean after some number of changes."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(0, description="How many changes there were.")
    aliases: dict[str, str] = Field(default_factory=dict, description="Versions by alias.")
    former: tuple[str, ...] = Field((), description="The champions before this one, oldest first.")
    removed: tuple[str, ...] = Field((), description="Versions that are withdrawn from service.")
    traffic: Traffic | None = Field(None, description="The shares that a challenger gets.")

    @property
    def champion(self) -> str | None:
        """The version that the bare name means; None: no champion was chosen."""
        return self.aliases.get(CHAMPION)

    def of(self, version: str) -> list[str]:
        """The aliases that point at a version."""
        return sorted(alias for alias, one in self.aliases.items() if one == version)


@dataclass(frozen=True)
class Step:
    """A change that is to be made.

    Attributes:
        action: `promote`, `alias`, `rollback`, `unset`, `traffic`, `remove` or `serve`.
        alias: the alias that it changes; None: it changes none.
        before: the version that the alias, or the action, had before; None: none.
        after: the version that it has from now on; None: none.
        names: what the names mean from then on; its `number` is still that of before.
    """

    action: str
    alias: str | None
    before: str | None
    after: str | None
    names: Names


class Change(BaseModel):
    """A change that was made: a line of the audit."""

    model_config = ConfigDict(frozen=True)

    model: str
    number: int = Field(description="1 is the first change of the model's names.")
    at: float = Field(description="Seconds since the epoch, by Redis's clock.")
    by: str = Field(description="Who made it.")
    action: str
    alias: str | None = None
    before: str | None = Field(None, description="The version before.")
    after: str | None = Field(None, description="The version from then on.")
    names: Names = Field(description="What the names of the model mean from then on.")

    @classmethod
    def of(cls, step: Step, *, model: str, at: float, by: str) -> Self:
        """The change that a step makes of the names that it was decided by."""
        number = step.names.number + 1
        return cls(
            model=model,
            number=number,
            at=at,
            by=by,
            action=step.action,
            alias=step.alias,
            before=step.before,
            after=step.after,
            names=step.names.model_copy(update={"number": number}),
        )


class Aliases(Protocol):
    """The aliases of all models. They survive a Redis that has lost its data."""

    def refresh(self) -> None:
        """Read again what is cached, before somebody has to wait for that; raises as `all`."""

    def all(self) -> dict[str, Names]:
        """What the names of each model mean whose names were ever changed, by the model's name.

        It may be a second old, as `Fleet.models`.

        Raises:
            OSError: Redis has lost them, and the blob store, which has them too, cannot be read.
            shared.errors.service.DataDamaged: what the blob store has was damaged.
        """

    def change(self, model: str, by: str, decide: Callable[[Names], Step]) -> Change:
        """Change what the names of a model mean.

        Of changes at the same time each is decided by the names that the one before has left.

        Args:
            model: its name.
            by: who changes it, for the audit.
            decide: makes the change of the names as they are; it may be called several times.

        Returns:
            The change. It is also in the blob store; if that takes nothing at present, a worker
            writes it there as soon as it can.
        """

    def changes(self, model: str, limit: int) -> list[Change]:
        """The last changes of a model's names, the newest first."""

    def keep(self) -> int:
        """Write changes into the blob store that are not there yet, and restore lost ones.

        Returns:
            The number of changes that were written.
        """


def check_alias(alias: str) -> None:
    """Check that a word can be an alias.

    Raises:
        BadAlias: it is malformed, or could be the beginning of a version.
    """
    if not _ALIAS.fullmatch(alias):
        reason = "it must be up to 32 lower-case letters, digits, - and _, and begin with a letter"
        raise BadAlias(alias=alias[:80], reason=reason)
    if VERSION.fullmatch(alias):
        reason = "it could be the beginning of a version: use a word with other letters than a to f"
        raise BadAlias(alias=alias, reason=reason)


def pointed(names: Names, alias: str, version: str, *, expected: str | None = None) -> Step:
    """Let an alias point at a version; the champion before it can be rolled back to.

    Args:
        names: those before.
        alias: the alias; it may be new.
        version: the whole version.
        expected: the version at which it must point before; None: any, or none.

    Raises:
        BadAlias: the alias cannot be used, or the model has too many.
        AliasMoved: it does not point at `expected`.
    """
    check_alias(alias)
    before = names.aliases.get(alias)
    _check_expected(alias, before, expected)
    if before is None and len(names.aliases) >= MOST_ALIASES:
        raise BadAlias(alias=alias, reason=f"the model has {MOST_ALIASES} aliases already")
    former = names.former
    if alias == CHAMPION and before and before != version:
        former = (*former, before)[-MOST_FORMER:]
    changed = {"aliases": names.aliases | {alias: version}, "former": former}
    action = "promote" if alias == CHAMPION else "alias"
    return Step(action, alias, before, version, names.model_copy(update=changed))


def unset(names: Names, alias: str) -> Step:
    """Remove an alias. The champion cannot be removed, only replaced.

    Raises:
        NoSuchAlias: there is no such alias.
        BadAlias: it is the champion.
    """
    if alias == CHAMPION:
        # Otherwise another version would become what the bare name means, without a word.
        raise BadAlias(alias=alias, reason="a champion can only be replaced by another one")
    if alias not in names.aliases:
        raise NoSuchAlias(alias=alias[:80], aliases=", ".join(sorted(names.aliases)) or "none")
    aliases = {one: version for one, version in names.aliases.items() if one != alias}
    changed = names.model_copy(update={"aliases": aliases})
    return Step("unset", alias, names.aliases[alias], None, changed)


def rolled_back(names: Names, model: str, *, expected: str | None = None) -> Step:
    """Make the champion before this one the champion again.

    Each further rollback goes back by one more; a promotion after it starts from there. Versions
    that were removed are passed over.

    Args:
        names: those before.
        model: the name of the model.
        expected: the version that must be the champion before; None: any.

    Raises:
        NoFormerChampion: there is none to go back to.
        AliasMoved: `expected` is not the champion.
    """
    before = names.champion
    _check_expected(CHAMPION, before, expected)
    former = list(names.former)
    while former:
        version = former.pop()
        if version != before and version not in names.removed:
            aliases = names.aliases | {CHAMPION: version}
            changed = names.model_copy(update={"aliases": aliases, "former": tuple(former)})
            return Step("rollback", CHAMPION, before, version, changed)
    raise NoFormerChampion(model=model)


def directed(names: Names, *, canary: float | None, shadow: float | None) -> Step:
    """Give the challenger shares of the champion's work.

    Args:
        names: those before.
        canary: of new jobs and questions, from 0 to 1, which it scores; None: as before.
        shadow: of new jobs, which it scores too; None: as before.

    Raises:
        NoSuchAlias: there is no challenger.
    """
    version = names.aliases.get(CHALLENGER)
    if version is None:
        raise NoSuchAlias(alias=CHALLENGER, aliases=", ".join(sorted(names.aliases)) or "none")
    before = names.traffic if names.traffic and names.traffic.version == version else None
    given = {"canary": canary, "shadow": shadow}
    shares = {name: share for name, share in given.items() if share is not None}
    traffic = (before or Traffic(version=version)).model_copy(update=shares)
    changed = names.model_copy(update={"traffic": traffic})
    return Step("traffic", CHALLENGER, version, version, changed)


def removed(names: Names, version: str) -> Step:
    """Withdraw a version from service. Aliases that point at it stay, and are refused."""
    others = [one for one in names.removed if one != version]
    changed = {"removed": (*others, version)[-MOST_REMOVED:]}
    return Step("remove", None, version, None, names.model_copy(update=changed))


def served_again(names: Names, version: str) -> Step:
    """Take a version into service again that was withdrawn."""
    others = tuple(one for one in names.removed if one != version)
    return Step("serve", None, None, version, names.model_copy(update={"removed": others}))


def _check_expected(alias: str, found: str | None, expected: str | None) -> None:
    if expected is not None and found != expected:
        raise AliasMoved(alias=alias, found=found or "no version", expected=expected)
