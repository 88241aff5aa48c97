import json
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from click.testing import CliRunner
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from scorelane.commands.main import cli
from shared.card import read_card
from shared.config.places import BUNDLED_MODELS
from training.behaviour import read_pairs

LABELLED = Path(__file__).parents[2] / "examples" / "labelled.csv"


@pytest.fixture
def run():
    """Run a command and check its exit status."""

    def invoke(command, *words, status=0):
        result = CliRunner().invoke(cli, [command, *map(str, words)])
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


def test_training_and_evaluating_are_two_commands(run, tmp_path):
    """`train` prints the folder and the figures of the model; `evaluate` finds it by its name."""
    trained = run("train", LABELLED, "--kind", "fast", "--name", "mine", "--output", tmp_path)
    version = read_card(tmp_path / "mine").version
    assert f"mine@{version} is in {tmp_path / 'mine'}" in trained.stdout
    assert "accuracy" in trained.stdout
    output = run("evaluate", LABELLED, "--model", "mine", "--models-dir", tmp_path)
    assert "neutral left out" in output.stdout
    by_folder = run("evaluate", LABELLED, "--model", tmp_path / "mine", "--json")
    (figures,) = json.loads(by_folder.stdout)["models"]
    assert figures["model"] == f"mine@{version}"
    assert figures["rows"] == 300
    assert figures["accuracy"] > 0.9


def test_models_are_measured_side_by_side(run, tmp_path):
    """Each model has figures with intervals, and every two models are compared by a paired test."""
    for name, seed in (("mine", 0), ("other", 1)):
        run("train", LABELLED, "--name", name, "--output", tmp_path, "--seed", seed)
    models = ("--model", "mine", "--model", "other", "--against", BUNDLED_MODELS / "fast")
    words = ("evaluate", LABELLED, *models, "--models-dir", tmp_path)
    report = json.loads(run(*words, "--json").stdout)
    assert [one["model"].split("@")[0] for one in report["models"]] == ["mine", "other", "fast"]
    for one in report["models"]:
        least, most = one["intervals"]["accuracy"]
        assert least <= one["accuracy"] <= most
    accuracies = {one["model"]: one["accuracy"] for one in report["models"]}
    assert len(report["pairs"]) == 3
    for pair in report["pairs"]:
        difference = accuracies[pair["first"]] - accuracies[pair["second"]]
        assert pair["difference"] == pytest.approx(difference)
        assert difference >= 0
        assert 0 <= pair["p"] <= 1
    output = run(*words).stdout
    assert "calibration error" in output
    assert "more often than" in output


def test_behaviour_is_tried_by_kinds(run):
    """`--behaviour` needs no file, and gives the share of failing pairs of each kind."""
    (output,) = json.loads(run("evaluate", "--behaviour", "--json").stdout)["behaviour"]
    assert len(output["failures"]) >= 10
    assert output["right"] > 0.5
    assert len(output["wrong"]) == pytest.approx((1 - output["right"]) * len(read_pairs()))
    assert "negated praise" in run("evaluate", "--behaviour").stdout
    assert "--behaviour" in run("evaluate", status=2).stderr


def test_a_split_can_be_chosen(run, tmp_path):
    """`--split dev` measures on the dev rows; a file without any is refused."""
    data = tmp_path / "data.csv"
    data.write_text("text,label,split\nWonderful,1,dev\nAwful,0,dev\nAwful,1,train\n")
    result = run("evaluate", data, "--split", "dev", "--json")
    assert json.loads(result.stdout)["models"][0]["rows"] == 2
    failed = run("evaluate", LABELLED, "--split", "dev", status=2)
    assert "0 rows" in failed.stderr


def test_a_card_is_printed_as_json(run, tmp_path):
    """`train --json` prints the card and nothing else on stdout."""
    result = run("train", LABELLED, "--name", "mine", "--output", tmp_path, "--json")
    assert json.loads(result.stdout)["name"] == "mine"


def test_a_pickle_is_added_by_one_command(run, tmp_path):
    """`add-model my.pkl --name mine` adds a model, and shows its scores of a few texts."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    joblib.dump(pipeline.fit(["well good", "bad"], ["yes", "no"]), tmp_path / "my.pkl")
    words = (tmp_path / "my.pkl", "--name", "mine", "--output", tmp_path / "models")
    plain = run("add-model", *words)
    assert "It gives no Sentiment_Score: its classes (no, yes)" in plain.stdout
    assert "text=I am well -> label=" in plain.stdout
    added = run("add-model", *words, "--positive", "yes", "--force")
    assert "  I am well" in added.stdout
    again = run("add-model", *words, "--class-values", "0,1")
    assert "mine@" in again.stdout
    replaced = run("add-model", *words, "--class-values", "0,1", "--force", "--json")
    assert json.loads(replaced.stdout)["scores"]["I am well"] > 0.5
    wrong = run("add-model", *words, "--class-values", "0;1", "--force", status=2)
    assert "by comma" in wrong.stderr


@pytest.mark.parametrize(
    ("command", "words", "status", "message"),
    [
        ("train", ["nowhere.csv", "--name", "x"], 2, "does not exist"),
        ("train", [LABELLED, "--name", "Not A Name"], 2, "Not A Name"),
        ("evaluate", [LABELLED, "--model", "nobody"], 2, "no such folder"),
        ("evaluate", [__file__], 2, "test_model_commands.py"),
    ],
)
def test_a_mistake_is_one_line(run, command, words, status, message):
    """Wrong files, names and models give a message and an exit status, not a traceback."""
    assert message in run(command, *words, status=status).stderr


def test_help_warns_of_pickles(run):
    """The help of `add-model` warns that a pickle is code."""
    assert "A pickle is code" in run("add-model", "--help").stdout


def test_the_commands_are_quick_to_import():
    """The help of the command line imports neither TensorFlow nor scikit-learn."""
    script = (
        "import sys; from scorelane.commands import add_model, compile, evaluate, train; "
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'pandas', 'training', "
        "'scoring') if name in sys.modules])"
    )
    output = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert output.strip() == "[]"
