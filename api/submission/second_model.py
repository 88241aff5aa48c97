"""The option `models`: whether two models can score the rows of one job."""

from dataclasses import dataclass, replace

from api.requests.columns import chosen_outputs
from api.requests.options import JobOptions
from api.services import Services
from shared.errors.input import BadOption
from shared.fleet import Served, Worker
from shared.jobs.comparison import compared
from shared.jobs.second_model import SecondModel
from shared.signature import Output


@dataclass(frozen=True)
class TwoModels:
    """The models of a job that compares two.

    Attributes:
        first: the model whose results are those of the job, with the rate of both together.
        second: the other one.
    """

    first: Served
    second: SecondModel

    def columns(self, options: JobOptions, own: tuple[Output, ...]) -> tuple[Output, ...]:
        """The second model's columns in the results, for those of the first.

        Args:
            options: of the request; the outputs that it names are those of both.
            own: the first model's columns.

        Raises:
            shared.errors.input.BadOption: no column can be compared.
        """
        given = self.second.signature
        wanted = options.outputs
        if wanted:
            known = {one.name for one in given.outputs}
            wanted = tuple(name for name in wanted if name in known)
            chosen = given.outputs_named(wanted)
        else:
            chosen = chosen_outputs(given, wanted)
        columns = (*map(self.second.column_of, chosen), self.second.error)
        if not compared((*own, *columns), self.second.suffix):
            names = [", ".join(one.name for one in outputs) for outputs in (own, given.outputs)]
            raise _refused(
                options,
                f"none of their outputs can be compared, because none has the same name and kind: "
                f"{self.first.card.name} gives {names[0]}, and {self.second.name} {names[1]}",
            )
        return columns


def two_models(services: Services, options: JobOptions) -> TwoModels | None:
    """The two models of a request; None if it does not name two.

    Raises:
        shared.errors.input.UnknownModel: there is no such model.
        shared.errors.input.BadOption: the two cannot score the same rows in one process, or another
            option does not go with them.
    """
    if not options.models:
        if options.label_column is not None:
            reason = "labels are compared with the outputs of two models: name them with models="
            raise BadOption(option="label_column", value=options.label_column[:80], reason=reason)
        return None
    if options.model is not None:
        raise BadOption(
            option="model", value=options.model[:80], reason="models= names the models already"
        )
    if options.label_column is not None and options.label_column == (options.ref_column or "ref"):
        reason = "the column has the references"
        raise BadOption(option="label_column", value=options.label_column[:80], reason=reason)
    first, second = map(services.names.find, options.models)
    if first.card.full_name == second.card.full_name:
        raise _refused(options, f"both are {first.card.full_name}")
    found = SecondModel(
        name=second.card.name,
        version=second.card.version,
        suffix=f"@{_told_by(options.models[1], first, second)}",
        signature=second.card.signature,
        label_column=options.label_column or "",
    )
    try:
        found.places_in(first.card.signature)
        found.added_to(first.card.signature)
    except ValueError as error:
        reason = f"{found.full_name} cannot score the rows of {first.card.full_name}: {error}"
        raise _refused(options, reason) from error
    _check_served_together(options, services.fleet.workers(), first, second)
    rate = 1 / (1 / first.rate + 1 / second.rate)
    return TwoModels(first.model_copy(update={"rate": rate}), found)


def with_labels(options: JobOptions) -> JobOptions:
    """The options, of which `columns` has the column of the labels."""
    if options.columns is None or options.label_column is None:
        return options
    names = dict.fromkeys((*options.columns, options.label_column))
    return replace(options, columns=tuple(names))


def _told_by(ref: str, first: Served, second: Served) -> str:
    """What tells the second model from the first: its alias, or else its name, or its version."""
    _, sign, wanted = ref.partition("@")
    if sign and not second.card.version.startswith(wanted.lower()):
        return wanted
    return second.card.name if second.card.name != first.card.name else second.card.version


def _check_served_together(
    options: JobOptions, workers: list[Worker], first: Served, second: Served
) -> None:
    names = {first.card.full_name, second.card.full_name}
    for worker in workers:
        why = worker.declined.get(second.card.full_name)
        # It would take parts of the job that it can never score.
        if why and first.card.full_name in worker.models:
            raise _refused(
                options,
                f"the worker {worker.name} serves {first.card.full_name} and leaves "
                f"{second.card.full_name} to workers in another environment ({why}): score the "
                "rows with each of them in a job of its own",
            )
    if workers and not any(names.issubset(worker.models) for worker in workers):
        raise _refused(
            options,
            f"no worker serves both {first.card.full_name} and {second.card.full_name}: put both "
            "into the models folder of one worker",
        )


def _refused(options: JobOptions, reason: str) -> BadOption:
    return BadOption(option="models", value=",".join(options.models)[:120], reason=reason)
