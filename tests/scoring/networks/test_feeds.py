import numpy as np
import pandas as pd
import pytest

from scoring.networks.feeds import Feed, Feeds
from shared.signature import Input

TABLE = pd.DataFrame(
    {"a": [1.5, 2.5, 1e39], "n": [7, -1, 2**40], "b": [True, False, True], "s": ["x", "", "z"]}
)


def test_columns_fill_the_places_of_an_input_in_order():
    """Numbers and booleans become the numbers that the input holds."""
    [array], fits = Feeds([Feed("in", "float32", ("b", "a"))]).arrays(TABLE[:2])
    assert array.dtype == np.float32
    assert array.tolist() == [[1, 1.5], [0, 2.5]]
    assert fits.all()


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        (Feed("in", "float32", ("a",)), [True, True, False]),
        (Feed("in", "float64", ("a",)), [True, True, True]),
        (Feed("in", "int32", ("n",)), [True, True, False]),
        (Feed("in", "int64", ("n",)), [True, True, True]),
        (Feed("in", "int64", ("n",), below=8), [True, False, False]),
        (Feed("in", "float32", ("n",), below=7), [False, False, False]),
        (Feed("in", "string", ("s",)), [True, True, True]),
    ],
)
def test_rows_that_the_input_cannot_hold_are_told(feed, expected):
    """Too large numbers, and those without a place in an Embedding."""
    arrays, fits = Feeds([feed]).arrays(TABLE)
    assert fits.tolist() == expected
    assert arrays[0].shape == (3, 1)


def test_a_flat_input_takes_one_value_for_each_row():
    """Its array has no second axis."""
    [array], _ = Feeds([Feed("in", "string", ("s",), flat=True)]).arrays(TABLE)
    assert array.tolist() == ["x", "", "z"]


def test_a_card_gives_the_feeds_again():
    """The inputs of its signature must be those of the feeds."""
    feeds = Feeds([Feed("in", "float32", ("a", "b")), Feed("city", "int32", ("n",), below=8)])
    options = {"feeds": feeds.options()}
    types = {"a": "double", "n": "long", "b": "boolean"}
    inputs = [Input(name=name, type=kind) for name, kind in types.items()]
    assert Feeds.from_options(options, inputs).each == feeds.each
    with pytest.raises(ValueError, match="name the columns a, b, n"):
        Feeds.from_options(options, inputs[:2])
    with pytest.raises(ValueError, match="its column n is a double"):
        Feeds.from_options(options, [inputs[0], Input(name="n", type="double"), inputs[2]])
