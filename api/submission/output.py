"""Checks the folder of a user that is to get the results of a job, before the job is accepted."""

from api.services import Services
from shared.errors.output import OutputNotChecked, OutputTaken
from shared.jobs.job import Spec
from shared.places.address import place_of
from shared.places.output_folder import MANIFEST, OutputUnavailable, job_in


def check_output(services: Services, spec: Spec) -> None:
    """Check that the results of a job can be written where they belong; also those of a retry.

    It writes an empty file and deletes it: a job must not run for hours to find out that it may not
    write.

    Raises:
        shared.errors.output.OutputTaken: the folder has the manifest of a job.
        shared.errors.output.OutputDenied: the service may not write there.
        shared.errors.output.OutputNotChecked: the store does not answer.
    """
    place = place_of(spec.output)
    try:
        folder = services.open_output(place)
        content = folder.read(MANIFEST)
        if content is not None:
            job = job_in(content) or "that nobody knows"
            raise OutputTaken(address=spec.output, job=job)
        folder.check(f".scorelane-{spec.id}")
    except OutputUnavailable as error:
        raise OutputNotChecked(address=spec.output, reason=error.strerror or "") from None
