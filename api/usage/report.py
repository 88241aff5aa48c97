"""A report of usage: the lines that the store has counted, summed up as a request wants them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

from werkzeug.datastructures import MultiDict

from api.jobs.search import owner_named
from shared.errors.input import BadOption, UnknownOption
from shared.jobs.job_store import JobStore
from shared.jobs.usage import AccountLine, LabelLine, Used

#: What usage can be summed up by.
KINDS = ("day", "owner", "key", "model", "label")

#: What goes with `label`: of a label neither the keys nor the models are counted.
_WITH_LABEL = frozenset({"day", "owner", "label"})

#: The days of a report whose request names none.
USUAL_DAYS = 30

#: The most days of a report.
MOST_DAYS = 4000

#: How many days are in memory at a time.
_DAYS_AT_ONCE = 10

_NAMES = ("from", "to", "by", "owner", "format", "bom", "delimiter", "decimal")

#: The values of the columns of a line.
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Wanted:
    """What a report is of.

    Attributes:
        first: its first day (UTC).
        last: its last day.
        by: some of `KINDS`.
        owner: whose usage; None: everybody's that the client may see.
    """

    first: date
    last: date
    by: tuple[str, ...]
    owner: str | None

    @property
    def by_label(self) -> bool:
        """Whether the lines are those of labels."""
        return "label" in self.by

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that say what a line is of."""
        names = [("label", "value") if kind == "label" else (kind,) for kind in self.by]
        return tuple(chain.from_iterable(names))


@dataclass(frozen=True)
class Report:
    """The usage of some days.

    Attributes:
        lines: the usage by the values of the columns, sorted.
        total: the usage of all rows, each once.
    """

    lines: dict[Key, Used]
    total: Used


def wanted_by(query: MultiDict[str, str], today: date) -> Wanted:
    """Parse the query of `GET /usage`.

    Raises:
        shared.errors.input.UnknownOption: a parameter does not exist.
        shared.errors.input.BadOption: a parameter has a value that cannot be used, or two values.
    """
    for name, values in query.lists():
        if name not in _NAMES:
            raise UnknownOption(option=name[:80], options=", ".join(_NAMES))
        if len(values) > 1:
            raise BadOption(option=name, value=values[1][:80], reason="it has two values")
    last = _day(query, "to", today)
    first = _day(query, "from", last - timedelta(days=min(USUAL_DAYS - 1, last.toordinal() - 1)))
    if first > last:
        reason = f"it must not be after the last day, {last}"
        raise BadOption(option="from", value=str(first), reason=reason)
    if (last - first).days >= MOST_DAYS:
        reason = f"a report has at most {MOST_DAYS:,} days"
        raise BadOption(option="from", value=str(first), reason=reason)
    return Wanted(first, last, _by(query.get("by", "day")), owner_named(query.get("owner")))


def _day(query: MultiDict[str, str], name: str, default: date) -> date:
    text = query.get(name)
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        reason = "it must be a day (UTC) such as 2026-11-30"
        raise BadOption(option=name, value=text[:80], reason=reason) from None


def _by(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not set(names) <= set(KINDS) or len(set(names)) < len(names):
        reason = f"it must be some of {', '.join(KINDS)}, separated by commas"
        raise BadOption(option="by", value=text[:80], reason=reason)
    if "label" in names and not _WITH_LABEL.issuperset(names):
        reason = "labels are counted by day and owner, and not by key or model"
        raise BadOption(option="by", value=text[:80], reason=reason)
    return names


def report_of(store: JobStore, wanted: Wanted, owner: str | None) -> Report:
    """Sum up the usage of some days.

    Args:
        store: has counted it.
        wanted: which days, and by what.
        owner: whose usage; None: everybody's.
    """
    lines: dict[Key, Used] = {}
    total = Used()
    for accounts, labels in _windows(store, wanted):
        for account in accounts:
            if owner is None or account.owner == owner:
                total += account.used
                if not wanted.by_label:
                    _add(lines, _values(account, wanted.by), account.used)
        for label in labels if wanted.by_label else ():
            if owner is None or label.owner == owner:
                _add(lines, _values(label, wanted.by), label.used)
    # None, which stands for others, comes last.
    ordered = sorted(lines, key=lambda key: [(value is None, value or "") for value in key])
    return Report({key: lines[key] for key in ordered}, total)


def _windows(
    store: JobStore, wanted: Wanted
) -> Iterator[tuple[list[AccountLine], list[LabelLine]]]:
    first = wanted.first
    while first <= wanted.last:
        days_left = (wanted.last - first).days
        last = first + timedelta(days=min(_DAYS_AT_ONCE - 1, days_left))
        yield store.usage(first, last)
        if last == wanted.last:
            return
        first = last + timedelta(days=1)


def _values(line: AccountLine | LabelLine, by: tuple[str, ...]) -> Key:
    found: list[str | None] = []
    for kind in by:
        if kind == "label" and isinstance(line, LabelLine):
            found += (line.name, line.value)
        else:
            value: Any = getattr(line, kind)
            found.append(None if value is None else str(value))
    return tuple(found)


def _add(lines: dict[Key, Used], key: Key, used: Used) -> None:
    lines[key] = lines.get(key, Used()) + used
