"""Which columns a request sends for the inputs of its model, and which outputs it asks for."""

from collections.abc import Sequence

from api.requests.options import RowOptions
from api.uploads.columns import InputColumns
from shared.errors.input import BadOption
from shared.signature import Output, Signature


def input_columns(signature: Signature, options: RowOptions) -> InputColumns:
    """Find out in which columns a request has the inputs of its model.

    Raises:
        shared.errors.input.BadOption: `text_column` or `rename` does not fit the model.
    """
    inputs = [one.name for one in signature.inputs]
    source_of = dict(zip(inputs, inputs, strict=True))
    named_by = "rename"
    for pair in options.rename:
        source, name = _renamed(pair, inputs)
        if source_of[name] != name:
            raise BadOption(option="rename", value=pair[:80], reason=f"'{name}' is named twice")
        source_of[name] = source
    if signature.takes_text and not options.rename:
        named_by = "text_column"
    if options.text_column is not None:
        if not signature.takes_text:
            reason = f"the model takes the columns {', '.join(inputs)}; use rename=yours:its"
            raise BadOption(option="text_column", value=options.text_column[:80], reason=reason)
        if options.rename:
            reason = "rename= names the column already"
            raise BadOption(option="text_column", value=options.text_column[:80], reason=reason)
        source_of[inputs[0]] = options.text_column
    sources = tuple(source_of.values())
    words: set[str] = set()
    if not signature.takes_text:
        words = {source_of[one.name] for one in signature.inputs if one.type == "string"}
    return InputColumns(
        sources, options.ref_column, dict.fromkeys(sources, named_by), frozenset(words)
    )


def _renamed(pair: str, inputs: Sequence[str]) -> tuple[str, str]:
    """The parts of `yours:its`; a name may hold colons."""
    for name in inputs:
        if pair.endswith(f":{name}") and len(pair) > len(name) + 1:
            return pair[: -len(name) - 1], name
    reason = f"write yours:its, where 'its' is one of {', '.join(inputs)}"
    raise BadOption(option="rename", value=pair[:80], reason=reason)


def chosen_outputs(signature: Signature, names: tuple[str, ...] | None) -> tuple[Output, ...]:
    """The outputs that a request asks for.

    Args:
        signature: of the model.
        names: the option `outputs`; (): those that need no request; None: all.

    Raises:
        shared.errors.input.BadOption: the model does not give one of them.
    """
    if names is None:
        return signature.outputs
    known = [one.name for one in signature.outputs]
    for name in names:
        if name not in known:
            reason = f"the model gives {', '.join(known)}"
            raise BadOption(option="outputs", value=name[:80], reason=reason)
    return signature.outputs_named(names) or signature.default_outputs
