"""Models that MLflow itself has written, and its registry."""

import subprocess
import sys
from pathlib import Path

import httpx
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from support.programs import free_port
from support.waiting import wait_for

from shared.errors.input import BadOption
from shared.model import load_model
from training.add_model import add_model

mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")

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


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry on this machine, with version 1 of the model `churn` as its champion."""
    folder = tmp_path_factory.mktemp("registry")
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    store = ["--backend-store-uri", "sqlite:///models.db", "--artifacts-destination", "files"]
    command = [sys.executable, "-m", "mlflow", "server", "--port", port, "--workers", "1", *store]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(lambda: _is_up(address), seconds=120)
        mlflow.set_tracking_uri(address)
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                fitted(),
                name="model",
                registered_model_name="churn",
                signature=mlflow.models.infer_signature(ROWS, LABELS),
            )
        mlflow.MlflowClient().set_registered_model_alias("churn", "champion", "1")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _is_up(address):
    try:
        return httpx.get(f"{address}/health").is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("name", ["models:/churn@champion", "models:/churn/1"])
def test_a_model_of_a_registry_by_alias_and_version(registry, tmp_path, name):
    added = add_model(Path(name), name="mine", output=tmp_path / "models", registry=registry)
    assert added.notes[0] == "From the registry: churn, version 1."
    scored = load_model(tmp_path / "models" / "mine").score(ROWS)
    assert scored["label"].tolist() == LABELS


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("models:/churn@other", "alias other not found"),
        ("models:/churn/9", "version=9"),
        ("models:/churn", "write models:/name@alias"),
    ],
)
def test_a_model_that_a_registry_does_not_have(registry, tmp_path, name, reason):
    with pytest.raises(BadOption, match=reason):
        add_model(Path(name), name="mine", output=tmp_path / "models", registry=registry)
    assert not (tmp_path / "models").exists()
