"""Checks the folder of a user that is to get the results of a job, before the job is accepted."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.services import Services
from shared.errors.output import OutputNotChecked, OutputTaken
from shared.jobs.spec import Spec
from shared.places.address import Place, place_of
from shared.places.output_folder import MANIFEST, OutputUnavailable, job_in


def check_output(services: Services, spec: Spec) -> None:
    """Check that the results of a job can be written where they belong; also those of a retry.

    It writes an empty file and deletes it: a job must not run for hours to find out that it may not
    write.

    Raises:
        shared.errors.output.OutputDenied: the service may not write there.
        Exception: as `check_free` raises it.
    """
    place = place_of(spec.output)
    check_free(services, place)
    with _answering(place):
        services.open_output(place).check(f".scorelane-{spec.id}")


def check_free(services: Services, place: Place) -> None:
    """Check that a folder has no results of a job.

    Raises:
        shared.errors.output.OutputTaken: it has a manifest.
        shared.errors.output.OutputDenied: the service may not read there.
        shared.errors.output.OutputNotChecked: the store does not answer.
    """
    with _answering(place):
        content = services.open_output(place).read(MANIFEST)
    if content is not None:
        job = job_in(content) or "that nobody knows"
        raise OutputTaken(address=place.url, job=job)


@contextmanager
def _answering(place: Place) -> Iterator[None]:
    try:
        yield
    except OutputUnavailable as error:
        raise OutputNotChecked(address=place.url, reason=error.strerror or "") from None
