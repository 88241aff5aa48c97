"""Commands that put models into object storage, or find them there, on a real S3 server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import pytest
from click.testing import CliRunner, Result
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support import object_storage

from scorelane.commands.checks.host import examine_models
from scorelane.commands.main import cli
from shared.config.object_address import object_address
from shared.config.settings import load_settings
from shared.model_folders import current_versions
from shared.monitoring.findings import Severity
from shared.stored_models import StoredModels
from worker.models.finding import find_models_once

pytestmark = pytest.mark.process

URL = f"s3://{object_storage.BUCKET}/models"

Run = Callable[..., Result]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModels]:
    """The prefix that the settings name, without a model."""
    with object_storage.seaweedfs(tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SCORELANE_MODELS", URL)
        monkeypatch.setenv("SCORELANE_DEFAULT_MODEL", "mine")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield StoredModels(object_address(URL))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command and checks its exit status."""

    def invoke(*words: object, status: int = 0) -> Result:
        result = CliRunner().invoke(cli, [*map(str, words)])
        assert result.exit_code == status, result.output
        return result

    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    joblib.dump(model.fit(["well good", "bad"], [1, 0]), tmp_path / "my.pkl")
    return invoke


def test_a_model_is_added_to_the_prefix_that_workers_serve(
    stored: StoredModels, run: Run, tmp_path: Path
) -> None:
    """Each version is a folder of its own; `evaluate` copies the one that new jobs get."""
    added = run("add-model", tmp_path / "my.pkl", "--name", "mine", "--no-wait")
    [first] = stored.folders()
    assert f"{first} is in {URL}/{first}." in added.stdout
    run(
        *("add-model", tmp_path / "my.pkl", "--name", "mine", "--output", URL, "--no-wait"),
        *("--class-values", "0.1,0.9"),
    )
    [second] = stored.folders().keys() - {first}
    assert current_versions(find_models_once(load_settings()).cards) == {second}
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\nwell,1\nbad,0\n")
    measured = json.loads(run("evaluate", rows, "--json").stdout)
    assert [one["model"] for one in measured["models"]] == [second]
    refused = run("compile", "mine", status=2)
    assert "in object storage (SCORELANE_MODELS)" in refused.stderr


def test_a_trained_model_goes_there_without_its_report(
    stored: StoredModels, run: Run, tmp_path: Path
) -> None:
    """The report quotes texts; it is written only where somebody reads it."""
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"well {n},1\nbad {n},0\n" for n in range(40)))
    trained = run("train", rows, "--name", "mine")
    [folder] = stored.folders()
    assert f"{folder} is in {URL}/{folder}." in trained.stdout
    assert "report" not in trained.stdout
    run("train", rows, "--name", "mine", "--report", status=2)
    run("train", rows, "--name", "mine", "--output", "s3://", status=2)


def test_doctor_examines_models_in_object_storage(
    stored: StoredModels, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads cards alone; a prefix without a model and a missing bucket are faults."""
    run("add-model", tmp_path / "my.pkl", "--name", "mine", "--no-wait")
    [found] = examine_models(load_settings())
    assert found.severity is Severity.FINE
    assert "has the files that its card names" in found.message
    [folder] = stored.folders()
    stored.remove(folder)
    [found] = examine_models(load_settings())
    assert found.severity is Severity.FAULT
    assert f"There is no model in {URL}" in found.message
    monkeypatch.setenv("SCORELANE_MODELS", "s3://no-such-bucket/models")
    [found] = examine_models(load_settings())
    assert found.severity is Severity.FAULT
    assert "does not exist. Make it, or name another in SCORELANE_MODELS." in found.message
