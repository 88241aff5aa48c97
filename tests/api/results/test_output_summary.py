"""How `/jobs/<id>/summary` describes outputs of every kind."""

from typing import Any

import pytest
from support.summaries import OUTPUTS, summed_up

from api.results.output_summary import MOST_LABELS, summaries_of
from shared.jobs.labels import MOST_VALUES
from shared.jobs.summary import Summary
from shared.signature import Output


def described(output: Output, values: list[Any]) -> dict[str, Any]:
    (found,) = summaries_of((output,), Summary.of((output,), [values], [None] * len(values)))
    return dict(found)


def test_each_output_has_its_summary() -> None:
    """Numbers and labels, in the order of the outputs; an empty job has them too."""
    rows: list[Any] = [(2.0, 3, "a", True), (4.0, 5, "a", False), (8.0, 5, "b", True)]
    found: Any = summaries_of(OUTPUTS, summed_up(rows))
    assert [one["name"] for one in found] == [output.name for output in OUTPUTS]
    assert [one["count"] for one in found] == [3] * len(OUTPUTS)
    assert found[1]["mean"] == pytest.approx(14 / 3)
    assert found[2]["quantiles"]["0.5"] == 5
    assert found[3]["labels"] == [{"value": "a", "rows": 2}, {"value": "b", "rows": 1}]
    assert found[4]["labels"] == [{"value": True, "rows": 2}, {"value": False, "rows": 1}]
    none: Any = summaries_of(OUTPUTS, Summary())
    assert [one["count"] for one in none] == [0] * len(OUTPUTS)
    assert (none[1]["mean"], none[1]["quantiles"], none[1]["histogram"]) == (None, {}, [])
    assert (none[3]["labels"], none[3]["other"], none[3]["note"]) == ([], 0, None)


def test_the_bound_on_the_error_is_named() -> None:
    """A known range has an absolute bound, any other number a relative one."""
    share = described(Output(name="p", minimum=0, maximum=2), [0.5, 1.5])
    assert (share["absolute_error"], share["relative_error"]) == (0.01, None)
    assert "outside" not in share["note"]
    price = described(Output(name="price"), [0.5, 1.5])
    assert price["absolute_error"] is None
    assert 0 < price["relative_error"] < 0.01
    assert "DDSketch" in price["note"]


def test_values_outside_of_the_range_of_the_card() -> None:
    """They count in the outermost bins, and the note says so."""
    found = described(Output(name="p", minimum=0, maximum=1), [-3.0, 0.5, 7.0])
    assert (found["min"], found["max"]) == (-3.0, 7.0)
    assert [found["histogram"][at]["rows"] for at in (0, 5, 9)] == [1, 1, 1]
    assert "outside" in found["note"]


def test_many_labels() -> None:
    """The most frequent are named, equally frequent ones by the alphabet; the rest are counted."""
    output = Output(name="label", type="string", meaning="label")
    values = [f"{at:03}" for at in range(150) for _ in range(1 + at // 50)]
    found = described(output, values)
    assert len(found["labels"]) == MOST_LABELS
    assert found["labels"][0] == {"value": "100", "rows": 3}
    assert found["labels"][50] == {"value": "050", "rows": 2}
    assert (found["count"], found["other"]) == (300, 50)
    texts = described(output, [str(at) for at in range(MOST_VALUES + 1)])
    assert (texts["labels"], texts["other"]) == ([], MOST_VALUES + 1)
    assert "more than 1000" in texts["note"]


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("long", [7, -1]),
        ("double", [0.5, 1e300]),
        ("boolean", [False, True]),
        ("string", ["", "x"]),
    ],
)
def test_labels_keep_their_type(type_: Any, values: list[Any]) -> None:
    """A class that is a number is a number in the summary."""
    found = described(Output(name="label", type=type_, meaning="label"), [*values, values[0]])
    assert [one["value"] for one in found["labels"]] == values
    assert [type(one["value"]) for one in found["labels"]] == [type(one) for one in values]


def test_the_mean_of_equal_values_is_their_value() -> None:
    """Rounding of the sum makes it no larger than the maximum."""
    found = described(Output(name="prediction"), [0.1] * 3)
    assert found["min"] == found["mean"] == found["max"] == 0.1
    assert described(Output(name="prediction"), [1.7e308] * 3)["mean"] is None
