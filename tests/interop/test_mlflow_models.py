"""Models that a full MLflow has written, with another pandas, in folders and in its registry."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from support.clients import ENVIRONMENT, python_of, run_client
from support.programs import free_port
from support.waiting import wait_for

from shared.errors.input import BadOption
from shared.model import load_model
from training.add_model import add_model

#: MLflow writes a classifier of LightGBM as a .skops file with these types.
TRUSTED = "collections.OrderedDict,lightgbm.basic.Booster,lightgbm.sklearn.LGBMClassifier"


@pytest.mark.parametrize("flavour", ["sklearn", "xgboost", "lightgbm"])
def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flavour: str) -> None:
    """It is served without MLflow, and gives what the model gave where it was fitted."""
    monkeypatch.setenv("SCORELANE_TRUSTED_TYPES", TRUSTED if flavour == "lightgbm" else "")
    written = run_client("clients", "write_mlflow_model", flavour, str(tmp_path / "model"))
    added = add_model(tmp_path / "model", name="mine", output=tmp_path / "models")
    assert added.card.format != "mlflow"
    rows = pd.DataFrame(written["rows"])
    assert [one.name for one in added.card.signature.inputs] == list(rows)
    scored = load_model(tmp_path / "models" / "mine").score(rows)
    assert set(scored) == set(written["outputs"])
    for name, cells in written["outputs"].items():
        assert scored[name].tolist() == pytest.approx(cells, rel=1e-12, abs=1e-12), name


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of a registry on this machine, and what its model `churn` gives which rows."""
    folder = tmp_path_factory.mktemp("registry")
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    store = ["--backend-store-uri", "sqlite:///models.db", "--artifacts-destination", "files"]
    command = [str(python_of("clients")), "-m", "mlflow", "server", "--port", port, *store]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--workers", "1"], cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: _is_up(address), seconds=120)
        yield address, run_client("clients", "register_mlflow_model", address)
    finally:
        server.terminate()
        server.wait(30)


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("name", ["models:/churn@champion", "models:/churn/1"])
def test_a_model_of_a_registry(
    registry: tuple[str, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    """A model is found by its alias and by its version, and gives the labels it gave before."""
    address, registered = registry
    added = add_model(Path(name), name="mine", output=tmp_path / "models", registry=address)
    assert added.notes[0] == "From the registry: churn, version 1."
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame(registered["rows"]))
    assert scored["label"].tolist() == registered["labels"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("models:/churn@other", "alias other not found"),
        ("models:/churn/9", "version=9"),
        ("models:/churn", "write models:/name@alias"),
    ],
)
def test_a_model_that_a_registry_does_not_have(
    registry: tuple[str, dict[str, Any]], tmp_path: Path, name: str, reason: str
) -> None:
    """The message says what was not found, or how to write it, and nothing is added."""
    with pytest.raises(BadOption, match=reason):
        add_model(Path(name), name="mine", output=tmp_path / "models", registry=registry[0])
    assert not (tmp_path / "models").exists()
