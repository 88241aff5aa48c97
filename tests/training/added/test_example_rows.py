import pandas as pd
import pytest

from shared.errors.input import BadOption
from shared.signature import Input
from shared.tables.trial_rows import typed_frame
from training.added.example_rows import example_inputs, example_values, read_example

CELLS = """whole,gaps,fraction,flag,maybe,code,name,empty
1,1,0.5,True,true,007x,None,
2,,1.5,False,,12,Ann,
"""


@pytest.fixture
def rows(tmp_path):
    """The example rows of a CSV."""
    (tmp_path / "rows.csv").write_text(CELLS)
    return read_example(tmp_path / "rows.csv")


def test_types_are_those_that_the_cells_show(rows):
    """Numbers and booleans as pandas reads them; a gap makes a column one that may have gaps.

    A column without any value shows no type.
    """
    assert example_inputs(rows) == {
        "whole": Input(name="whole", type="long"),
        "gaps": Input(name="gaps", type="long", required=False),
        "fraction": Input(name="fraction", type="double"),
        "flag": Input(name="flag", type="boolean"),
        "maybe": Input(name="maybe", type="boolean", required=False),
        "code": Input(name="code", type="string"),
        "name": Input(name="name", type="string"),
    }


def test_words_for_missing_values_are_texts_among_texts(rows):
    """A person may have the name None; only an empty cell of a text is missing."""
    inputs = tuple(example_inputs(rows).values())
    values = example_values(rows, inputs)
    assert values["name"] == ["None", "Ann"]
    assert values["gaps"] == [1, None]
    frame = typed_frame(inputs, values)
    dtypes = [str(dtype) for dtype in frame.dtypes]
    assert dtypes == ["int64", "float64", "float64", "bool", *["object"] * 3]


def test_parquet_and_tsv_are_read(tmp_path):
    """The ending of the name says how a file is read."""
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2026-01-01"] * 2)})
    frame.to_parquet(tmp_path / "rows.parquet")
    types = [one.type for one in example_inputs(read_example(tmp_path / "rows.parquet")).values()]
    assert types == ["long", "string", "datetime"]
    frame.to_csv(tmp_path / "rows.tsv", sep="\t", index=False)
    assert list(read_example(tmp_path / "rows.tsv").columns) == ["a", "b", "c"]


@pytest.mark.parametrize("content", ["", "a,b\n"])
def test_an_example_without_rows_is_refused(tmp_path, content):
    """It would prove nothing."""
    (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(BadOption, match="example="):
        read_example(tmp_path / "rows.csv")


def test_a_column_that_is_not_there_is_named(rows):
    """The message names the column, and those that are there."""
    with pytest.raises(BadOption, match=r"whole, gaps.*no column age"):
        example_values(rows, (Input(name="age", type="double"),))
