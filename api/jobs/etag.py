"""Whether a client has the newest state of a job already."""

from hashlib import blake2b

from flask import Response, request

from api.services import Services
from shared.jobs.job import Job


def only_if_changed(answer: Response, services: Services, job: Job) -> Response:
    """Send the answer that carries a job, or say that the client has it already (304).

    Its tag is of what is recorded of the job. The rate and the remaining time are made of that and
    of the clock, so they are left out of it: while nothing is done they are only guessed anew. So
    the tag is a weak one.
    """
    # In the sentence for people, and not in the record.
    nobody = not services.fleet.processes(job.spec.full_name)
    content = f"{nobody} {job.model_dump_json()}".encode()
    answer.set_etag(blake2b(content, digest_size=12).hexdigest(), weak=True)
    answer.make_conditional(request)
    return answer
