"""The rows that an added ONNX file takes, and files that cannot be served."""

import numpy as np
import pandas as pd
import pytest
from support.graph_rows import ROWS, frame
from support.graphs import network, onnx, saved, softmax

from shared.errors.input import BadOption
from shared.errors.model import UnusableModel


def test_the_columns_can_be_named(added, path):
    """In the order of the training; those in a tensor may be whole numbers, and may be missing."""
    found, model = added(network(path), inputs="age:long,fare:double?,sex:boolean")
    assert [one.name for one in found.card.signature.inputs] == ["age", "fare", "sex"]
    rows = pd.DataFrame({"age": [1, 2], "fare": [0.5, np.nan], "sex": [True, False]})
    scored = model.score(rows)
    assert scored["probability_0"][0] == pytest.approx(softmax([[1, 0.5, 1]])[0, 0])
    assert np.isnan(scored["probability_0"][1])
    assert scored["label"].isna().tolist() == [False, True]


def test_another_number_of_columns_is_refused(added, path):
    with pytest.raises(UnusableModel, match="takes 3 columns, and it has 2 inputs"):
        added(network(path), inputs="age:long,fare:double")


def test_a_text_cannot_become_a_number(added, path):
    with pytest.raises(UnusableModel, match=r"the column sex cannot be a string, but double or"):
        added(network(path), inputs="age:long,fare:double,sex:string")


def test_a_number_too_large_for_32_bits_is_an_error_of_its_row(added, path):
    """It is not scored as infinite: its row has no outputs, and the others are as before."""
    _, model = added(network(path, kind="float"))
    rows = ROWS.copy()
    rows[1, 1] = 1e300
    scored = model.score(frame(rows=rows))
    assert scored.isna().all(axis=1).tolist() == [False, True, False]
    others = scored.iloc[[0, 2]].to_numpy()
    assert others == pytest.approx(model.score(frame()).iloc[[0, 2]].to_numpy(), abs=1e-6)


def test_a_graph_for_one_row_at_a_time_is_given_one_row_at_a_time(added, path):
    """As exported without dynamic axes."""
    _, model = added(network(path, rows=1))
    chances = model.score(frame()).filter(like="probability").to_numpy()
    assert np.abs(chances - softmax(ROWS)).max() < 1e-12


def test_a_graph_for_another_number_of_rows_is_refused(added, path):
    with pytest.raises(UnusableModel, match=r"4 rows at a time.*dynamic_axes"):
        added(network(path, rows=4))


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        ({"ir_version": 99}, "newer ONNX than this ONNX Runtime"),
        ({"opset": 99}, "newer ONNX than this ONNX Runtime"),
    ],
)
def test_files_of_a_newer_onnx_are_refused_with_what_to_do(added, path, versions, reason):
    with pytest.raises(UnusableModel, match=reason):
        added(network(path, **versions))


def test_a_file_with_its_weights_elsewhere_is_refused(added, tmp_path):
    model = onnx.load(network(tmp_path / "whole.onnx"))
    path = tmp_path / "parts.onnx"
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="w.data")
    with pytest.raises(UnusableModel, match="save_as_external_data=False"):
        added(path)


def test_a_damaged_file_is_refused(added, path):
    path.write_bytes(b"\x08\x08" + b"damaged" * 50)
    with pytest.raises(UnusableModel, match="it is no ONNX file, or it is damaged"):
        added(path)


def test_a_picture_is_no_row_of_a_table(added, path):
    graph = saved(
        path,
        [("Identity", ["X"], ["Y"], {})],
        {"X": ("float", [None, 3, 8, 8])},
        {"Y": ("float", [None, 3, 8, 8])},
    )
    with pytest.raises(UnusableModel, match="has 4 dimensions"):
        added(graph)


def test_each_column_may_be_a_tensor_of_its_own(added, path):
    """As skl2onnx writes pipelines over frames: the names and types are those of the file."""
    graph = saved(
        path,
        [
            ("Cast", ["count"], ["real"], {"to": 11}),
            ("Add", ["age", "real"], ["sum"], {}),
            ("Identity", ["name"], ["same"], {}),
        ],
        {"age": ("double", [None, 1]), "count": ("int32", [None, 1]), "name": ("string", [None])},
        {"sum": ("double", [None, 1]), "same": ("string", [None])},
    )
    found, model = added(graph)
    inputs = [(one.name, one.type) for one in found.card.signature.inputs]
    assert inputs == [("age", "double"), ("count", "long"), ("name", "string")]
    rows = pd.DataFrame({"age": [0.5, 1.5], "count": [1, 2**31], "name": ["é", ""]}).astype(
        {"name": object}
    )
    scored = model.score(rows)
    assert scored["sum"].tolist()[0] == 1.5
    assert np.isnan(scored["sum"][1])  # 2**31 would have become -2**31
    assert scored["same"].tolist()[0] == "é"


def test_texts_and_whole_numbers_of_a_graph_cannot_be_missing(added, path):
    graph = saved(
        path,
        [("Identity", ["name"], ["same"], {})],
        {"name": ("string", [None])},
        {"same": ("string", [None])},
    )
    with pytest.raises(UnusableModel, match=r"has no missing values.*must be required"):
        added(graph, inputs="name:string?")


def test_options_of_other_formats_are_refused(added, path):
    with pytest.raises(BadOption, match="max_length=5 cannot be used: it is not for ONNX files"):
        added(network(path), max_length=5)


def test_example_rows_name_the_columns_and_are_the_proof(added, path, tmp_path):
    (tmp_path / "rows.csv").write_text("age,visits,income\n0.5,2,-1\n3,-1,\n")
    found, _ = added(network(path), example=tmp_path / "rows.csv")
    inputs = [(one.name, one.type, one.required) for one in found.card.signature.inputs]
    assert inputs == [("age", "double", True), ("visits", "long", True), ("income", "long", False)]
    given, gives = found.examples[0]
    assert given == {"age": 0.5, "visits": 2, "income": -1}
    assert gives["probability_0"] == pytest.approx(softmax([[0.5, 2, -1]])[0, 0])


def test_results_that_depend_on_the_other_rows_are_refused(added, path):
    """A softmax over the rows instead of the columns."""
    graph = saved(
        path,
        [("Softmax", ["X"], ["Y"], {"axis": 0})],
        {"X": ("double", [None, 2])},
        {"Y": ("double", [None, 2])},
    )
    with pytest.raises(UnusableModel, match="depend on the other rows"):
        added(graph)
