"""What the options of a request decide: its model and the terms of its job."""

from dataclasses import dataclass

from api.requests.options import JobOptions
from api.requests.terms import Terms, terms_of
from api.services import Services
from shared.fleet import Served


@dataclass(frozen=True)
class Admitted:
    """A request whose options can be carried out.

    Attributes:
        options: all of them.
        served: the model that will score the rows.
        terms: the fields of the job's `Spec` that follow from the options alone.
    """

    options: JobOptions
    served: Served
    terms: Terms


def admit(services: Services, options: JobOptions) -> Admitted:
    """Check the options of a request, once they are complete.

    Raises:
        shared.errors.service.NoModelYet: no worker has announced a model.
        shared.errors.input.UnknownModel: no worker has announced this model.
        shared.errors.input.BadInput: another option cannot be used.
    """
    served = services.model(options.model)
    return Admitted(options, served, terms_of(options, services.settings))
