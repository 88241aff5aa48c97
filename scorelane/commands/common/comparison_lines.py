"""How two models that scored the same rows differ, as lines of text."""

from collections.abc import Iterator
from typing import Any

from scorelane.commands.common.harmless import one_line

#: The rows that differ most, and the changes of a class, that are shown.
_MOST_ROWS = 5


def comparison_lines(summary: dict[str, Any]) -> Iterator[str]:
    """The comparison in the summary of a job; nothing if one model scored its rows."""
    if not (found := summary.get("comparison")):
        return
    for output in found["outputs"]:
        name, second = one_line(output["name"]), one_line(output["second_name"])
        yield ""
        yield f"{second} (by {found['model']}@{found['version']}) and {name}:"
        unscored = f", {output['unscored']:,} only by the first" if output["unscored"] else ""
        yield f"  {output['rows']:,} rows by both{unscored}"
        if output["rows"]:
            yield from _differences(output)
        if output["test"]:
            yield from _test(output["test"])


def _differences(output: dict[str, Any]) -> Iterator[str]:
    agreement = [f"the same value {output['equal']:.2%}"]
    if output["same_side"] is not None:
        agreement.append(f"the same side {output['same_side']:.2%}")
    for one in output["within"]:
        of = " of the value" if one["relative"] else ""
        agreement.append(f"within {one['tolerance']:.6g}{of} {one['share']:.2%}")
    yield f"  {', '.join(agreement)}"
    if output["correlation"] is not None:
        yield f"  correlation {output['correlation']:.4f}"
    shift = output["shift"]
    if shift and shift["mean"] is not None:
        spread = shift["deviation"]
        yield f"  the second is {shift['mean']:+.6g} off in the mean" + (
            f", with a standard deviation of {spread:.6g}" if spread is not None else ""
        )
    for one in output["changes"][:_MOST_ROWS]:
        first, second = _value(one["first"]), _value(one["second"])
        yield f"  {first} became {second}: {one['rows']:,} rows"
    for one in output["largest"][:_MOST_ROWS]:
        first, second = _value(one["first"]), _value(one["second"])
        yield f"  row {one['row']:,}, ref {one_line(one['ref'])}: {first} and {second}"


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else one_line(str(value))


def _test(test: dict[str, Any]) -> Iterator[str]:
    column = one_line(test["column"])
    left_out = [f"{test[name]:,} {name}" for name in ("neutral", "unreadable") if test[name]]
    rest = f" ({', '.join(left_out)} left out)" if left_out else ""
    yield f"  by {column}, {test['rows']:,} rows{rest}:"
    if not test["rows"]:
        yield f"  {test['note']}"
        return
    if test["measure"] == "accuracy":
        yield f"  the first is right in {test['first']:.2%}, the second in {test['second']:.2%}"
    else:
        errors = [test[name] for name in ("first_error", "second_error")]
        shown = ["too large" if one is None else f"{one:.6g}" for one in errors]
        yield f"  mean distance of the first {shown[0]}, of the second {shown[1]}"
    low, high = test["interval"]
    verdict = "significant" if test["p"] < 0.05 else "not significant"
    better = "right" if test["measure"] == "accuracy" else "nearer"
    yield (
        f"  the second is {better} {test['difference']:+.2%} more often "
        f"({low:+.2%} to {high:+.2%}), p = {test['p']:.2g}: {verdict}"
    )
    if test["note"]:
        yield f"  {test['note']}"
