"""Which version of its model scores a job that is retried."""

from api.requests.terms import Terms
from api.services import Services
from api.submission.added import signature_with
from shared.errors.input import BadOption
from shared.errors.service import VersionGone
from shared.fleet import Served
from shared.jobs.job import Job
from shared.jobs.spec import Spec

#: The most versions that a message lists.
_MOST_LISTED = 10


def name_for(at: Services, spec: Spec, wanted: str | None) -> str:
    """The name by which a retry asks for its model.

    Without a wish it is the version of the old job while that is served, otherwise the one that new
    jobs get.

    Args:
        at: the services.
        spec: of the old job.
        wanted: the version that the request names, as `mine@3f2a` or `mine@champion`.

    Raises:
        shared.errors.input.BadOption: it names another model.
        shared.errors.input.UnknownModel: it names a version that is not there.
    """
    if wanted is not None:
        found = at.names.find(wanted).card
        if found.name != spec.model:
            reason = (
                f"the job is of {spec.model}, and a retry may change only the version; submit the "
                "rows again to have them scored by another model"
            )
            raise BadOption(option="model", value=wanted[:80], reason=reason)
        return found.full_name
    if _is_there(at, spec):
        return spec.full_name
    # Not a challenger in the place of the champion: it may not be able to add the same.
    return at.names.find(spec.model).card.full_name if spec.added else spec.model


def version_for(at: Services, job: Job, served: Served, *, wanted: bool) -> Terms:
    """The fields of the new job that follow from its version; none if it is that of the old job.

    Args:
        at: the services.
        job: the old job.
        served: the version that is to score the new one.
        wanted: whether the request names it. Then it may score rows again that the old job has
            scored; otherwise a job would have scores of two versions.

    Raises:
        shared.errors.service.VersionGone: the version of the old job is not served any more, and
            has scored some parts; or this one takes or gives other columns; or the second model of
            the job is not served any more, or not together with this one.
        shared.errors.input.BadOption: this one cannot give the added outputs.
    """
    spec, card = job.spec, served.card
    if spec.second and not at.fleet.processes(spec.second.full_name):
        what = f"no worker serves {spec.second.full_name} any more, the second model of the job"
        raise VersionGone(job_id=spec.id, reason=what, advice="Submit the rows again.")
    if card.version == spec.version:
        return {}
    # A small job has no finished parts: it is scored as a whole.
    if spec.kind == "bulk" and job.parts_done and not wanted:
        what = (
            f"{_why_gone(at, spec)}; it has scored {job.rows_done:,} rows, and one version scores "
            "all rows of a job"
        )
        raise VersionGone(job_id=spec.id, reason=what, advice=_advice(at, job))
    terms = _terms_with(spec, served)
    if terms is None:
        what = f"{card.full_name} takes or gives other columns than {spec.full_name}"
        raise VersionGone(job_id=spec.id, reason=what, advice=_advice(at, job))
    if spec.second and not _served_together(at, card.full_name, spec.second.full_name):
        what = f"no worker serves both {card.full_name} and {spec.second.full_name}"
        raise VersionGone(job_id=spec.id, reason=what, advice=_advice(at, job))
    return terms


def _is_there(at: Services, spec: Spec) -> bool:
    is_there = spec.version in at.names.there(spec.model)
    return is_there and at.fleet.processes(spec.full_name) > 0


def _why_gone(at: Services, spec: Spec) -> str:
    if spec.version in at.names.names_of(spec.model).removed:
        return f"{spec.full_name} was removed"
    return f"no worker serves {spec.full_name} any more"


def _advice(at: Services, job: Job) -> str:
    """Which versions can score the rows of a job: its own first, then those with its columns."""
    spec = job.spec
    if _is_there(at, spec):
        return f"Retry it without model=, to have it scored by {spec.full_name}."
    found = [
        one.card.full_name
        for one in at.names.there(spec.model).values()
        if at.fleet.processes(one.card.full_name) and _fits(at, spec, one)
    ]
    if not found:
        return f"Start a worker that has {spec.full_name}, or submit the rows again."
    others = f" (or {', '.join(found[1:_MOST_LISTED])})" if len(found) > 1 else ""
    return f"Retry it with model={found[0]}{others}, which scores all rows again."


def _fits(at: Services, spec: Spec, served: Served) -> bool:
    if spec.second and not _served_together(at, served.card.full_name, spec.second.full_name):
        return False
    try:
        return _terms_with(spec, served) is not None
    except BadOption:
        return False


def _terms_with(spec: Spec, served: Served) -> Terms | None:
    """The fields of a job that this version scores; None: it takes or gives other columns.

    Raises:
        shared.errors.input.BadOption: it cannot give the added outputs.
    """
    signature = signature_with(spec.added, served)
    if served.card.signature.inputs != spec.signature.inputs:
        return None
    if spec.second:
        try:
            signature = spec.second.added_to(signature)
        except ValueError:
            return None
    if not {one.name for one in signature.outputs}.issuperset(spec.outputs):
        return None
    return {"version": served.card.version, "signature": signature}


def _served_together(at: Services, first: str, second: str) -> bool:
    workers = at.fleet.workers()
    return not workers or any({first, second}.issubset(one.models) for one in workers)
