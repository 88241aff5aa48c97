"""What the options of a request decide: its model and the terms of its job."""

from dataclasses import dataclass

from api.requests.columns import chosen_outputs, input_columns
from api.requests.options import JobOptions
from api.requests.terms import Terms, terms_of
from api.services import Services
from api.submission.added import added_of, at_rate_of, signature_with
from api.submission.second_model import two_models, with_labels
from api.uploads.columns import InputColumns
from shared.fleet import Served
from shared.jobs.added_outputs import AddedOutputs, outputs_of
from shared.signature import Output


@dataclass(frozen=True)
class Admitted:
    """A request whose options can be carried out.

    Attributes:
        options: all of them.
        served: the model that will score the rows; if two do, the first one.
        inputs: where the inputs and the refs are in the request.
        outputs: the outputs in the results.
        added: the kinds of those that are not the model's own.
        terms: the fields of the job's `Spec` that follow from the options alone.
    """

    options: JobOptions
    served: Served
    inputs: InputColumns
    outputs: tuple[Output, ...]
    added: tuple[AddedOutputs, ...]
    terms: Terms


def admit(services: Services, options: JobOptions) -> Admitted:
    """Check the options of a request, once they are complete.

    Raises:
        shared.errors.service.NoModelYet: no worker has announced a model.
        shared.errors.input.UnknownModel: no worker has announced this model.
        shared.errors.input.BadInput: another option cannot be used.
    """
    two = two_models(services, options)
    served = two.first if two else services.model(options.model, options.label)
    own, added = served.card.signature, added_of(options)
    inputs = input_columns(own, options)
    chosen, signature = chosen_outputs(own, options.outputs), signature_with(added, served)
    outputs = (*chosen, *outputs_of(added))
    if two:
        options = with_labels(options)
        signature = two.second.added_to(signature)
        outputs = (*outputs, *two.columns(options, chosen))
    terms = terms_of(options, services.settings) | {
        "signature": signature,
        "outputs": tuple(one.name for one in outputs) if two or options.outputs != () else (),
        "added": added,
        "second": two.second if two else None,
    }
    return Admitted(options, at_rate_of(added, served), inputs, outputs, added, terms)
