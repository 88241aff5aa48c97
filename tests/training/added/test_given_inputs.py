import pytest

from shared.errors.input import BadOption
from shared.signature import Input
from training.added.given_inputs import parse_inputs


def test_columns_have_a_name_a_type_and_may_have_missing_values():
    """`?` after the type of a column means that its values may be missing."""
    assert parse_inputs("age:double, name:string?,at:noon:datetime") == (
        Input(name="age", type="double"),
        Input(name="name", type="string", required=False),
        Input(name="at:noon", type="datetime"),
    )


@pytest.mark.parametrize(
    "text", ["", "age", "age:float", ":double", "age:double,", "a:long,a:long"]
)
def test_what_is_written_in_another_way_is_refused(text):
    """The message names the part that is wrong, and the types."""
    with pytest.raises(BadOption, match=r"inputs=.*(a type is one of string, double|twice)"):
        parse_inputs(text)
