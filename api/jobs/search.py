"""Pages of the list of jobs, of all or of those that are looked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from werkzeug.datastructures import MultiDict

from api.requests.options import whole_number
from api.requests.terms import label
from api.schema.describe import Parameter, number
from shared.errors.input import BadOption, UnknownOption
from shared.jobs.job import Job, State, is_job_id
from shared.jobs.job_store import JobStore

#: Jobs on one page of the list.
MAX_PAGE = 1000

#: So many jobs are looked at for one page, wanted or not: no page costs more than this.
MOST_LOOKED_AT = 2000

#: Of them, at a time.
_AT_ONCE = 200

#: Of every name there is one value, but of this.
_REPEATED = "label"
_NAMES = ("state", _REPEATED, "model", "created_after", "created_before", "limit", "cursor")

_STATES = [state for state in State if state is not State.EXPIRED]
_STATE = "|".join(_STATES)

#: What the document says of them.
PARAMETERS = (
    Parameter(
        "state",
        {"type": "string", "pattern": f"^({_STATE})(,({_STATE}))*$"},
        "Jobs in one of these states; several by comma.",
        example="queued,running",
    ),
    Parameter(
        "label",
        {"type": "array", "items": {"type": "string", "minLength": 2}},
        "Jobs with each of these labels, `key:value`.",
        example=["team:growth"],
    ),
    Parameter("model", {"type": "string"}, "Jobs of a model, `name` or `name@version`."),
    Parameter("created_after", {"type": "string", "format": "date-time"}, "Jobs made later."),
    Parameter("created_before", {"type": "string", "format": "date-time"}, "Jobs made earlier."),
    Parameter("limit", number(0, MAX_PAGE), "At most so many jobs."),
    Parameter("cursor", {"type": "string"}, "The last page's `next`."),
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Search:
    """Which jobs are looked for; a job must be all that is said.

    Attributes:
        limit: the most jobs of a page.
        before: only jobs whose ids sort before this; None: any.
        after: in milliseconds since the epoch; only jobs made later.
        states: any of these; empty: any at all.
        model: a name, or a name and a version with an @ between them.
        labels: each of these.
    """

    limit: int
    before: str | None = None
    after: int = -1
    states: frozenset[State] = frozenset()
    model: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def wants(self, job: Job) -> bool:
        """Whether the job is one of those."""
        return (
            job.state is not State.EXPIRED
            and (not self.states or job.state in self.states)
            and self.model in (None, job.spec.model, job.spec.full_name)
            and self.labels.items() <= job.spec.labels.items()
        )

    def is_over(self, job_id: str) -> bool:
        """Whether this job, and with it every older one, is too old."""
        return int(job_id[:12], 16) <= self.after


def search_for(query: MultiDict[str, str]) -> Search:
    """What a query asks for.

    Raises:
        shared.errors.input.UnknownOption: it has a name that is none here.
        shared.errors.input.BadOption: it has a value that cannot be, or two.
    """
    for name, values in query.lists():
        if name not in _NAMES:
            raise UnknownOption(option=name[:80], options=", ".join(_NAMES))
        if len(values) > 1 and name != _REPEATED:
            raise BadOption(option=name, value=values[1][:80], reason="it has two values")
    cursor = query.get("cursor")
    if cursor is not None and not is_job_id(cursor):
        reason = "take it from the last page's 'next'"
        raise BadOption(option="cursor", value=cursor[:80], reason=reason)
    after, before = _moment(query, "created_after"), _moment(query, "created_before")
    if before is not None:
        # Ids begin with the milliseconds of their making; the first of them that is not before it.
        first = f"{-(-before // 1000):012x}"
        cursor = min(cursor or first, first)
    return Search(
        limit=max(whole_number(query, "limit", 20, MAX_PAGE), 1),
        before=cursor,
        after=-1 if after is None else after // 1000,
        states=_states(query.get("state")),
        model=query.get("model"),
        labels=dict(map(label, query.getlist("label"))),
    )


def find(store: JobStore, owner: str | None, search: Search) -> tuple[list[Job], str | None]:
    """A page of jobs, the newest first, and the cursor of the next page; None: there is none.

    They are looked at in the order of their ids, which never changes: jobs that come or end
    meanwhile move no other one from page to page. An index by state would have to be kept at every
    move of every job, the small ones too; this costs nothing where nobody asks.

    Args:
        store: has the jobs.
        owner: whose they are; None: anybody's.
        search: which ones.
    """
    found: list[Job] = []
    last = search.before
    for job in _newest_first(store, owner, search):
        if len(found) == search.limit:
            return found, last
        last = job.spec.id
        if search.wants(job):
            found.append(job)
    # Where the list was not at its end, but the patience was.
    return found, last if _is_more(store, owner, search, last) else None


def _newest_first(store: JobStore, owner: str | None, search: Search) -> Iterator[Job]:
    before, looked_at = search.before, 0
    while looked_at < MOST_LOOKED_AT:
        size = min(search.limit + 1, _AT_ONCE)
        jobs = store.list_jobs(size, before=before, owner=owner)
        for job in jobs:
            if search.is_over(job.spec.id):
                return
            yield job
        if not jobs:
            return
        before, looked_at = jobs[-1].spec.id, looked_at + len(jobs)


def _is_more(store: JobStore, owner: str | None, search: Search, last: str | None) -> bool:
    jobs = store.list_jobs(1, before=last, owner=owner)
    return bool(jobs) and not search.is_over(jobs[0].spec.id)


def _states(text: str | None) -> frozenset[State]:
    names = text.split(",") if text is not None else []
    if not set(names) <= set(_STATES):
        reason = f"it must be some of {', '.join(_STATES)}, with commas between them"
        raise BadOption(option="state", value=(text or "")[:80], reason=reason)
    return frozenset(map(State, names))


def _moment(query: Mapping[str, str], name: str) -> int | None:
    """A time of RFC 3339, in microseconds since the epoch."""
    text = query.get(name)
    if text is None:
        return None
    try:
        # A plus that was not escaped in the address comes as a blank.
        given = text[:-6] + text[-6:].replace(" ", "+")
        return max((datetime.fromisoformat(given) - _EPOCH) // timedelta(microseconds=1), 0)
    except (TypeError, ValueError, OverflowError):
        # A TypeError: it has no offset from UTC.
        reason = "it must be a time of RFC 3339, such as 2026-01-01T12:00:00Z"
        raise BadOption(option=name, value=text[:80], reason=reason) from None
