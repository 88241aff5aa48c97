"""Decides which column of a user's scored file holds which output of a model."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.errors.input import BadOption
from shared.signature import SCORE, Output, Signature

#: Usual names of a column with labels, with numbers, and with the probability of one class.
_LABELS = ("predicted_label", "predicted_class", "class", "category")
_NUMBERS = ("score", "yhat", "y_hat", "value", "target_pred")
_EITHER = ("prediction", "predicted", "predictions", "pred", "y_pred", "output", "result")
_CHANCES = ("proba", "probability", "prob", "y_proba", "y_prob", "p", "score", "y_score", "p1")
_SCORES = (*_CHANCES, "sentiment", SCORE.lower())


class Pairing(NamedTuple):
    """A column of the file, and the output that it is compared with."""

    column: str
    output: Output
    guessed: bool = False  #: Whether the column has a usual name, and not that of the output.


def pairings(
    columns: Sequence[str], signature: Signature, chosen: Iterable[str] = ()
) -> list[Pairing]:
    """Which columns of a file hold outputs of a model.

    Args:
        columns: the names of the file's columns.
        signature: of the model.
        chosen: what the user says with `--expect-column`: `NAME`, or `NAME=output`.

    Raises:
        shared.errors.input.BadOption: no column holds an output, or several may.
    """
    taken = {one.name for one in signature.inputs} | {"ref", ""}
    free = [name for name in columns if name not in taken]
    if said := [_said(one, columns, signature) for one in chosen]:
        return said
    found = []
    for output in signature.outputs:
        fitting = [name for name in free if name == output.name]
        usual = _usual_names(output, signature)
        fitting += [name for name in free if name.lower() in usual and name not in fitting]
        if len(fitting) > 1:
            reason = (
                f"{output.name} may be its column {' or '.join(fitting)}; say which one with "
                f"--expect-column {fitting[0]}={output.name}"
            )
            raise BadOption(option="expect", value=", ".join(columns), reason=reason)
        if fitting:
            found.append(Pairing(fitting[0], output, fitting[0] != output.name))
    for one in found:
        outputs = [other.output.name for other in found if other.column == one.column]
        if len(outputs) > 1:
            reason = (
                f"its column {one.column} may be {' or '.join(outputs)}; say which one with "
                f"--expect-column {one.column}={outputs[0]}"
            )
            raise BadOption(option="expect", value=", ".join(columns), reason=reason)
    if not found:
        names = ", ".join(output.name for output in signature.outputs[:10])
        example = f"{free[-1] if free else 'NAME'}={signature.outputs[0].name}"
        reason = (
            f"no column has the name of an output ({names}). Say which column holds which output, "
            f"as in --expect-column {example}"
        )
        raise BadOption(option="expect", value=", ".join(columns), reason=reason)
    return found


def _said(text: str, columns: Sequence[str], signature: Signature) -> Pairing:
    """The column and the output that an option names."""
    by_name = {output.name: output for output in signature.outputs}
    name, equals, output = text.rpartition("=")
    if not equals or text in columns:
        name, output = text, ""
    if name not in columns:
        reason = f"the file has no such column, but {', '.join(columns)}"
        raise BadOption(option="expect-column", value=text, reason=reason)
    if output:
        if output not in by_name:
            reason = f"the model gives no {output}, but {', '.join(list(by_name)[:20])}"
            raise BadOption(option="expect-column", value=text, reason=reason)
        return Pairing(name, by_name[output])
    if name in by_name:
        return Pairing(name, by_name[name])
    usual = [one for one in signature.outputs if name.lower() in _usual_names(one, signature)]
    numbers = [one for one in signature.default_outputs if one.is_number]
    for fitting in (usual, list(signature.default_outputs), numbers):
        if len(fitting) == 1:
            return Pairing(name, fitting[0], guessed=True)
    names = ", ".join(list(by_name)[:20])
    reason = f"say of which output it is, as in {name}={signature.outputs[0].name}: {names}"
    raise BadOption(option="expect-column", value=text, reason=reason)


def _usual_names(output: Output, signature: Signature) -> set[str]:
    """Usual names of a column with the values of an output, in lower case, and its own name."""
    names = {output.name.lower()}
    outputs = signature.outputs
    of_meaning = [one for one in outputs if one.meaning == output.meaning and one.name != SCORE]
    if output.name == SCORE:
        return names | set(_SCORES) | set(_EITHER)
    if output.meaning == "label" and len(of_meaning) == 1:
        names |= {*_LABELS, *_EITHER}
    if output.meaning == "prediction" and len(of_meaning) == 1:
        names |= {*_NUMBERS, *_EITHER}
    if output.meaning == "probability" and output.of is not None:
        names |= {f"{word}_{output.of}".lower() for word in ("p", "proba", "prob")}
        names.add(output.of.lower())
        is_second = len(of_meaning) == 2 and of_meaning[1] == output
        if is_second and SCORE not in {one.name for one in outputs}:
            names |= set(_CHANCES)
    return names
