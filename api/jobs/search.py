"""The list of jobs: filters and pages."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from werkzeug.datastructures import MultiDict

from api.requests.options import whole_number
from api.requests.terms import label
from api.schema.describe import Parameter, number
from api.security.errors import WrongScope
from api.security.keys import OWNER, Key, Scope
from shared.aliases import VERSION, Names
from shared.errors.input import BadOption, UnknownOption
from shared.jobs.job import Job
from shared.jobs.job_ids import is_job_id
from shared.jobs.job_store import JobStore
from shared.jobs.state import State

#: Jobs on one page of the list.
MAX_PAGE = 1000

#: The most jobs that are read for one page, matching or not; it limits the cost of a page.
MOST_READ = 2000

#: How many jobs are read at once.
_AT_ONCE = 200

#: The only parameter that may be given more than once.
_REPEATED = "label"
_NAMES = (
    "state",
    _REPEATED,
    "model",
    "owner",
    "created_after",
    "created_before",
    "limit",
    "cursor",
)

_STATES = [state for state in State if state is not State.EXPIRED]
_STATE = "|".join(_STATES)

#: The parameters of the query, for OpenAPI.
PARAMETERS = (
    Parameter(
        "state",
        {"type": "string", "pattern": f"^({_STATE})(,({_STATE}))*$"},
        "Jobs in one of these states, separated by commas.",
        example="queued,running",
    ),
    Parameter(
        "label",
        {"type": "array", "items": {"type": "string", "minLength": 2}},
        "Jobs that have all of these labels, each `key:value`.",
        example=["team:growth"],
    ),
    Parameter(
        "model",
        {"type": "string"},
        "Jobs that this model scores, also as the second of two: `name`, `name@version` (4 digits "
        "are enough) or `name@alias`.",
        example="fast@champion",
    ),
    Parameter(
        "owner",
        {"type": "string", "pattern": f"^{OWNER.pattern}$"},
        "Jobs of this owner. The owner of another name needs the scope `admin`.",
    ),
    Parameter(
        "created_after", {"type": "string", "format": "date-time"}, "Jobs made after this time."
    ),
    Parameter(
        "created_before", {"type": "string", "format": "date-time"}, "Jobs made before this time."
    ),
    Parameter("limit", number(1, MAX_PAGE), "The most jobs on the page."),
    Parameter("cursor", {"type": "string"}, "`next` of the previous page."),
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Search:
    """A search for jobs; a job matches if it meets all of its conditions.

    Attributes:
        limit: the most jobs of a page.
        before: only jobs whose ids sort before this id; None: any.
        after: only jobs made later than this, in milliseconds since the epoch.
        states: only jobs in one of these; empty: in any.
        model: only jobs that the model of this name scores, also as the second of two; None: any.
        version: the version of that model, or its beginning; empty: any.
        owner: whose jobs; None: of everybody that the client may see.
        labels: only jobs that have all of these.
    """

    limit: int
    before: str | None = None
    after: int = -1
    states: frozenset[State] = frozenset()
    model: str | None = None
    version: str = ""
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, job: Job) -> bool:
        """Whether a job meets the conditions, apart from those on its id."""
        return (
            job.state is not State.EXPIRED
            and (not self.states or job.state in self.states)
            and (self.model is None or any(map(self._is_model, job.spec.full_names)))
            and self.labels.items() <= job.spec.labels.items()
        )

    def _is_model(self, full_name: str) -> bool:
        name, _, version = full_name.partition("@")
        return name == self.model and version.startswith(self.version)

    def is_too_old(self, job_id: str) -> bool:
        """Whether this job, and so every older one, was made before `after`."""
        return int(job_id[:12], 16) <= self.after


def search_for(query: MultiDict[str, str], names_of: Callable[[str], Names]) -> Search:
    """Parse the query of `GET /jobs`.

    Args:
        query: the query.
        names_of: the aliases of the model of a name.

    Raises:
        shared.errors.input.UnknownOption: a parameter does not exist.
        shared.errors.input.BadOption: a parameter has a value that cannot be used, or two values.
    """
    for name, values in query.lists():
        if name not in _NAMES:
            raise UnknownOption(option=name[:80], options=", ".join(_NAMES))
        if len(values) > 1 and name != _REPEATED:
            raise BadOption(option=name, value=values[1][:80], reason="it has two values")
    cursor = query.get("cursor")
    if cursor is not None and not is_job_id(cursor):
        reason = "take it from 'next' of the previous page"
        raise BadOption(option="cursor", value=cursor[:80], reason=reason)
    after, before = _moment(query, "created_after"), _moment(query, "created_before")
    if before is not None:
        # An id begins with the milliseconds at which it was made: this is the first id at or after
        # `created_before`.
        first = f"{-(-before // 1000):012x}"
        cursor = min(cursor or first, first)
    model, version = _model(query.get("model"), names_of)
    return Search(
        limit=whole_number(query, "limit", 20, MAX_PAGE, least=1),
        before=cursor,
        after=-1 if after is None else after // 1000,
        states=_states(query.get("state")),
        model=model,
        version=version,
        owner=owner_named(query.get("owner")),
        labels=dict(map(label, query.getlist("label"))),
    )


def owner_seen(key: Key, wanted: str | None) -> str | None:
    """Whose jobs a key lists; None: everybody's.

    Args:
        key: of the client.
        wanted: the owner that the query names; None if it names none.

    Raises:
        api.security.errors.WrongScope: the query names another owner, and the key is no admin's.
    """
    if key.is_admin:
        return wanted
    if wanted not in (None, key.owner):
        raise WrongScope(scope=Scope.ADMIN.value)
    return key.owner


def find(store: JobStore, owner: str | None, search: Search) -> tuple[list[Job], str | None]:
    """Return a page of jobs, the newest first, and the cursor of the next page, if there is one.

    Jobs are read in the order of their ids, which never changes, so a job that is added or ends
    between two pages moves no other job. There is no index by state: it would have to be updated
    at every move of every job, also of small ones, even if nobody ever lists jobs.

    Args:
        store: holds the jobs.
        owner: whose jobs; None: everybody's.
        search: the conditions and the length of the page.
    """
    found: list[Job] = []
    last = search.before
    for job in _newest_first(store, owner, search):
        if len(found) == search.limit:
            return found, last
        last = job.spec.id
        if search.matches(job):
            found.append(job)
    # Either the list has ended, or `MOST_READ` jobs were read.
    return found, last if _has_more(store, owner, search, last) else None


def _newest_first(store: JobStore, owner: str | None, search: Search) -> Iterator[Job]:
    before, count = search.before, 0
    while count < MOST_READ:
        size = min(search.limit + 1, _AT_ONCE)
        jobs = store.list_jobs(size, before=before, owner=owner)
        for job in jobs:
            if search.is_too_old(job.spec.id):
                return
            yield job
        if not jobs:
            return
        before, count = jobs[-1].spec.id, count + len(jobs)


def _has_more(store: JobStore, owner: str | None, search: Search, last: str | None) -> bool:
    jobs = store.list_jobs(1, before=last, owner=owner)
    return bool(jobs) and not search.is_too_old(jobs[0].spec.id)


def _model(ref: str | None, names_of: Callable[[str], Names]) -> tuple[str | None, str]:
    """The name of a model, and its version or the beginning of it.

    Neither need be served any more: jobs outlive their models.
    """
    if ref is None:
        return None, ""
    name, sign, wanted = ref.partition("@")
    if not sign:
        return name, ""
    aliases = names_of(name).aliases
    version = aliases.get(wanted, wanted.lower())
    if not VERSION.fullmatch(version):
        known = f" ({', '.join(sorted(aliases))})" if aliases else ""
        reason = (
            f"after the @ it needs at least 4 digits of a version, or an alias of the model{known}"
        )
        raise BadOption(option="model", value=ref[:80], reason=reason)
    return name, version


def _states(text: str | None) -> frozenset[State]:
    names = text.split(",") if text is not None else []
    if not set(names) <= set(_STATES):
        reason = f"it must be one or more of {', '.join(_STATES)}, separated by commas"
        raise BadOption(option="state", value=(text or "")[:80], reason=reason)
    return frozenset(map(State, names))


def owner_named(name: str | None) -> str | None:
    """Check the name of an owner in a query; None: it names none.

    Raises:
        shared.errors.input.BadOption: an owner cannot have this name.
    """
    if name is not None and not OWNER.fullmatch(name):
        reason = "the name of an owner has 1 to 64 letters, digits and the characters _ . -"
        raise BadOption(option="owner", value=name[:80], reason=reason)
    return name


def _moment(query: Mapping[str, str], name: str) -> int | None:
    """Parse a time of RFC 3339 into microseconds since the epoch; None if it is not given."""
    text = query.get(name)
    if text is None:
        return None
    try:
        # In a query, a plus that is not escaped is decoded as a blank.
        escaped = text[:-6] + text[-6:].replace(" ", "+")
        return max((datetime.fromisoformat(escaped) - _EPOCH) // timedelta(microseconds=1), 0)
    except (TypeError, ValueError, OverflowError):
        # A TypeError means that the time has no offset from UTC.
        reason = "it must be a time of RFC 3339, such as 2026-01-01T12:00:00Z"
        raise BadOption(option=name, value=text[:80], reason=reason) from None
