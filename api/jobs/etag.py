"""`ETag` of a job: a client that polls gets a 304 while the job has not changed."""

from hashlib import blake2b

from flask import Response, request

from api.jobs.representation import why_unserved
from api.services import Services
from shared.jobs.job import Job


def only_if_changed(answer: Response, services: Services, job: Job) -> Response:
    """Set the `ETag` of an answer that holds a job; make it a 304 if the client has that tag."""
    answer.headers["ETag"] = etag_of(services, job)
    answer.make_conditional(request)
    return answer


def etag_of(services: Services, job: Job) -> str:
    """The `ETag` of an answer that holds a job.

    It is a hash of the job's record, without its `Spec`, which never changes. It is weak,
    because `rows_per_second` and `eta_seconds` also depend on the clock, and are left out: while no
    part is finished they are only estimates.
    """
    # The sentence in `detail` depends on this, and the record does not hold it.
    record = job.model_dump_json(exclude={"spec"})
    content = f"{job.spec.id} {why_unserved(services, job)} {record}".encode()
    return f'W/"{blake2b(content, digest_size=12).hexdigest()}"'
