import pytest
from support.doubles.length_model import LengthModel

from shared.signature import Input
from shared.tables.trial_rows import made_rows, trial_rows, typed_frame

INPUTS = tuple(
    Input(name=f"{kind}{'' if required else '?'}", type=kind, required=required)
    for kind in ("string", "double", "long", "boolean", "datetime")
    for required in (True, False)
)


def test_rows_have_the_dtypes_of_the_signature():
    """They are those that a model gets from a worker; values may be missing where they may."""
    frame = made_rows(INPUTS, {}, 100)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "string": "object",
        "string?": "object",
        "double": "float64",
        "double?": "float64",
        "long": "int64",
        "long?": "float64",
        "boolean": "bool",
        "boolean?": "object",
        "datetime": "datetime64[ns]",
        "datetime?": "datetime64[ns]",
    }
    assert [name for name in frame if frame[name].isna().any()] == [
        one.name for one in INPUTS if not one.required
    ]
    assert frame.equals(made_rows(INPUTS, {}, 100))


def test_known_values_are_used():
    """Categories are taken as they are, numbers from the range of those that are known."""
    known = {"string": ["a", "b"], "double": [3.0, 4.0]}
    frame = made_rows(INPUTS, known, 50)
    assert set(frame["string"]) == {"a", "b"}
    assert frame["double"].between(3, 4).all()


def test_the_texts_of_a_model_without_a_signature_differ():
    """A model may score equal texts once, and would then seem faster than it is."""
    texts = trial_rows(LengthModel(), 500)["text"]
    assert len(set(texts)) == 500


@pytest.mark.parametrize(
    ("one", "value", "reason"),
    [
        (Input(name="age", type="long"), None, "age is missing"),
        (Input(name="age", type="double"), "old", "age is no double"),
    ],
)
def test_a_value_of_another_type_is_refused(one, value, reason):
    """The message names the column."""
    with pytest.raises(ValueError, match=reason):
        typed_frame([one], {"age": [value]})
