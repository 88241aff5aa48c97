import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from skops.io import dump

from shared.errors.model import UnusableModel
from shared.model import load_model
from shared.signature import Input, Output
from training.add_model import add_model
from training.added.mlflow_folder import read_mlflow_folder
from training.added.mlflow_signature import mlflow_inputs, mlflow_outputs

ROWS = pd.DataFrame({"age": [1.0, 20.0, 3.0, 40.0], "visits": [1, 0, 5, 2]})

SIGNATURE = (
    '[{"type": "double", "name": "age", "required": true}, '
    '{"type": "long", "name": "visits", "required": true}]'
)

#: As MLflow 3 writes it.
MLMODEL = f"""
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict
  sklearn:
    code: null
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.9.1
mlflow_version: 3.17.2
model_uuid: 66a22f1abe1742c593db935c2eb4b06d
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  type: dataframe
signature:
  inputs: '{SIGNATURE}'
  outputs: '[{{"type": "tensor", "tensor-spec": {{"dtype": "str", "shape": [-1]}}}}]'
  params: '[{{"name": "top", "default": 1, "shape": null, "type": "long"}}]'
"""


@pytest.fixture
def folder(tmp_path):
    """The folder of a scikit-learn model, as MLflow writes it."""
    path = tmp_path / "model"
    path.mkdir()
    dump(LogisticRegression().fit(ROWS, ["no", "yes", "no", "yes"]), path / "model.skops")
    (path / "MLmodel").write_text(MLMODEL)
    example = {"columns": ["age", "visits"], "data": ROWS.head(2).values.tolist()}
    (path / "input_example.json").write_text(json.dumps(example))
    return path


def test_a_folder_is_served_without_mlflow(folder, tmp_path):
    """Its signature says what it takes, its example is the proof, and its parameters are named."""
    added = add_model(folder, name="mine", output=tmp_path / "models")
    assert added.card.format == "skops"
    inputs = [(one.name, one.type, one.required) for one in added.card.signature.inputs]
    assert inputs == [("age", "double", True), ("visits", "long", True)]
    assert added.sources["age"] == "MLmodel"
    assert added.examples[1][0] == {"age": 20.0, "visits": 0}
    assert added.notes == ("Its parameters keep their defaults: top.",)
    scored = load_model(tmp_path / "models" / "mine").score(ROWS)
    assert scored["label"].tolist() == ["no", "yes", "no", "yes"]


def test_columns_of_all_types_are_read():
    """`integer` and `float` have 32 bits; older releases say `optional`, newer ones `required`."""
    schema = json.dumps(
        [
            {"name": "a", "type": "integer"},
            {"name": "b", "type": "float", "optional": True},
            {"name": "c", "type": "string", "required": False},
            {"name": "d", "type": "boolean", "required": True},
            {"name": "e", "type": "datetime"},
        ]
    )
    assert mlflow_inputs(schema) == (
        Input(name="a", type="long"),
        Input(name="b", type="double", required=False),
        Input(name="c", type="string", required=False),
        Input(name="d", type="boolean"),
        Input(name="e", type="datetime"),
    )


def test_a_tensor_is_columns():
    schema = json.dumps([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}])
    assert mlflow_inputs(schema) == (
        Input(name="x0", type="double"),
        Input(name="x1", type="double"),
    )
    one = json.dumps([{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}])
    assert mlflow_outputs(one) == (Output(name="prediction", type="double"),)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"name": "a", "type": "binary"}, "a column a of the type binary"),
        ({"name": "a", "type": "array", "items": {"type": "string"}}, "of the type array"),
        (
            {"name": "a", "type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, 8, 8]}},
            "which is no table",
        ),
        (
            {"name": "a", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, -1]}},
            "which is no table",
        ),
    ],
)
def test_what_is_no_column_is_refused(spec, reason):
    with pytest.raises(ValueError, match=reason):
        mlflow_inputs(json.dumps([spec]))


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("pickled_model: model.skops", "pickled_model: gone.pkl", "names gone.pkl, which is no"),
        ("pickled_model: model.skops", "pickled_model: ../../secret.pkl", "outside its folder"),
        ("flavors:", "flavours:", "names no flavors"),
        ("flavors:", "- flavors: [", "is no YAML"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(folder, tmp_path, before, after, reason):
    """The message names the folder, and nothing is added."""
    (folder / "MLmodel").write_text(MLMODEL.replace(before, after))
    with pytest.raises(UnusableModel, match=f"{folder} cannot be served: .*{reason}"):
        add_model(folder, name="mine", output=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_model_with_modules_of_its_own_is_left_to_mlflow(folder):
    """Only MLflow puts them where they are imported."""
    (folder / "MLmodel").write_text(MLMODEL.replace("code: null", "code: code"))
    model = read_mlflow_folder(folder)
    assert (model.flavour, model.file) == ("python_function", None)


def test_an_array_is_an_example_too(folder):
    text = MLMODEL.replace("type: dataframe", "type: ndarray")
    (folder / "MLmodel").write_text(text)
    (folder / "input_example.json").write_text("[[1.5, 2], [3.5, 4]]")
    rows = read_mlflow_folder(folder).example()
    assert rows is not None
    assert np.array_equal(rows[["age", "visits"]], [[1.5, 2], [3.5, 4]])
