"""The options of `POST /invocations`."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.requests.options import RowOptions, option, parameters_of, read_options
from shared.errors.input import BadOption

_ERRORS = ("fail", "rows")

#: The rows have no refs.
_WITHOUT = ("ref_column",)


@dataclass(frozen=True)
class InvocationOptions(RowOptions):
    """How the rows of an invocation are read, scored and answered."""

    errors: str = option(
        "fail",
        "What rows with an error do: `fail` (the request is refused, as by MLflow) or `rows` "
        "(every prediction is an object with an `error`).",
        {"enum": list(_ERRORS)},
        example="rows",
    )


#: The options in the OpenAPI document.
PARAMETERS = parameters_of(InvocationOptions, without=_WITHOUT)


def invocation_options(source: Mapping[str, str]) -> InvocationOptions:
    """Parse the options of an invocation.

    Raises:
        shared.errors.input.UnknownOption: a name is not an option.
        shared.errors.input.BadOption: an option has a value that cannot be used.
    """
    options = read_options(InvocationOptions, (source,), without=_WITHOUT)
    if options.errors not in _ERRORS:
        reason = f"it must be {' or '.join(_ERRORS)}"
        raise BadOption(option="errors", value=options.errors[:80], reason=reason)
    return options
