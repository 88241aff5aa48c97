"""Models that MLflow itself has written."""

import mlflow
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from shared.model import load_model
from training.add_model import add_model

# MLflow infers the requirements of a model in another process.
pytestmark = [pytest.mark.process, pytest.mark.filterwarnings("ignore")]

ROWS = pd.DataFrame({"age": [1.0, 20.0, 3.0, 40.0], "visits": [1.0, 0, 5, 2]})
LABELS = ["no", "yes", "no", "yes"]


def fitted():
    return LogisticRegression().fit(ROWS, LABELS)


@pytest.mark.parametrize("form", ["pickle", "cloudpickle", "skops"])
def test_a_folder_of_its_scikit_learn_flavour(tmp_path, form):
    model = fitted()
    signature = mlflow.models.infer_signature(ROWS, model.predict(ROWS))
    mlflow.sklearn.save_model(
        model,
        tmp_path / "model",
        serialization_format=form,
        signature=signature,
        input_example=ROWS,
    )
    added = add_model(tmp_path / "model", name="mine", output=tmp_path / "models")
    assert added.card.format == ("skops" if form == "skops" else "pkl")
    scored = load_model(tmp_path / "models" / "mine").score(ROWS)
    assert scored.filter(like="probability_").to_numpy().tolist() == (
        model.predict_proba(ROWS).tolist()
    )


def doubles():
    """A model of a user's own; defined here, because MLflow warns while the class is made."""

    class Doubles(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return pd.DataFrame({"twice": model_input["age"] * 2, "old": model_input["age"] > 18})

    return Doubles()


def test_any_other_flavour_is_run_by_mlflow(tmp_path):
    """The outputs are those of its signature. A number of 32 bits is what it was told to take."""
    model, given = doubles(), ROWS.astype({"visits": "int32"})
    signature = mlflow.models.infer_signature(given, model.predict(None, given))
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=model, signature=signature)
    added = add_model(tmp_path / "model", name="mine", output=tmp_path / "models")
    assert added.card.format == "mlflow"
    outputs = [(one.name, one.type) for one in added.card.signature.outputs]
    assert outputs == [("twice", "double"), ("old", "boolean")]
    rows = ROWS.astype({"visits": "int64"}).set_axis([4, 4, 7, 9])
    scored = load_model(tmp_path / "models" / "mine").score(rows)
    assert scored["twice"].tolist() == [2.0, 40.0, 6.0, 80.0]
    assert scored["old"].tolist() == [False, True, False, True]
    assert scored.index.tolist() == [4, 4, 7, 9]
