import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from scoring.words.word_pipeline import WordPipeline
from shared.card import read_card
from shared.errors.input import BadOption
from shared.errors.model import BadCard
from shared.model import load_model
from shared.model_folders import read_folders
from training.data_errors import NotLabelled
from training.deciles import possible_deciles
from training.options import TrainingOptions
from training.train import train

LABELLED = Path(__file__).parents[2] / "examples" / "labelled.csv"


def test_a_fast_model_is_made_of_a_labelled_csv(tmp_path):
    """The example data gives a model that loads and scores, with a correct card."""
    steps = []
    card = train(
        [LABELLED],
        TrainingOptions(kind="fast", name="mine", output=tmp_path / "models", description="A try."),
        progress=lambda step, share: steps.append((step, share)),
    )
    folder = tmp_path / "models" / "mine"
    assert read_card(folder) == card
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "model.pkl"]
    assert card.format == "pkl"
    assert card.training_data == ["labelled.csv: 300 rows"]
    assert card.figures["accuracy"] > 0.8
    assert card.description == "A try."
    assert "scikit-learn" in card.libraries
    assert str(tmp_path) not in (folder / "card.json").read_text()
    scored = load_model(folder).score(pd.DataFrame({"text": ["I loved it", "I hated it"]}))
    assert scored["Sentiment_Score"][0] > 0.5 > scored["Sentiment_Score"][1]
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert steps[-1] == ("done", 1.0)


def test_the_same_seed_gives_the_same_model(tmp_path):
    """A fast model has the same bytes, and so the same version, in every process."""
    script = (
        "import sys; from pathlib import Path; from training.options import TrainingOptions; "
        "from training.train import train; options = TrainingOptions("
        "kind='fast', name='mine', output=Path(sys.argv[2]), seed=3); "
        "train([Path(sys.argv[1])], options)"
    )
    subprocess.check_call([sys.executable, "-c", script, LABELLED, tmp_path / "a"])
    here = train(
        [LABELLED], TrainingOptions(kind="fast", name="mine", output=tmp_path / "b", seed=3)
    )
    there = read_card(tmp_path / "a" / "mine")
    assert there.version == here.version
    assert there.figures == here.figures


def test_a_fast_model_reads_signs(tmp_path):
    """Emoji and emoticons are learnt like words, and the fast word pipeline supports them."""
    rows = [
        f"day {n} {sign},{score}"
        for n in range(60)
        for sign, score in (("\U0001f600", 1), ("\U0001f621", 0), (":)", 1), (":(", 0))
    ]
    data = tmp_path / "signs.csv"
    data.write_text("text,score\n" + "\n".join(rows) + "\n", encoding="utf-8")
    train([data], TrainingOptions(kind="fast", name="signs", output=tmp_path))
    texts = ["Monday\U0001f600", "Monday \U0001f621", "Monday:)", "Monday :("]
    scored = load_model(tmp_path / "signs").score(pd.DataFrame({"text": texts}))
    assert (scored["Sentiment_Score"] > 0.5).tolist() == [True, False, True, False]
    assert WordPipeline.from_estimator(joblib.load(tmp_path / "signs" / "model.pkl")) is not None


def test_probabilities_are_graded_by_graded_labels(tmp_path):
    """A text whose label is always 0.5 scores about 0.5, between bad and good."""
    rows = [
        f"{word} {n},{score}"
        for n in range(60)
        for word, score in (("bad", 0.0), ("middling", 0.5), ("good", 1.0))
    ]
    data = tmp_path / "graded.csv"
    data.write_text("text,score\n" + "\n".join(rows) + "\n", encoding="utf-8")
    train([data], TrainingOptions(kind="fast", name="graded", output=tmp_path))
    frame = pd.DataFrame({"text": ["bad", "middling", "good"]})
    scores = load_model(tmp_path / "graded").score(frame)["Sentiment_Score"]
    assert scores[0] < 0.2
    assert scores[1] == pytest.approx(0.5, abs=0.1)
    assert scores[2] > 0.8
    assert joblib.load(tmp_path / "graded" / "model.pkl").classes_.tolist() == [0, 1]


@pytest.mark.keras
def test_a_deep_model_is_made_of_a_labelled_csv(tmp_path):
    """The deep kind writes the best epoch, its word index and the compiled model, repeatably."""
    steps = []
    cards = [
        train(
            [LABELLED],
            TrainingOptions(kind="deep", name="mine", output=tmp_path / run, epochs=2, seed=1),
            progress=lambda step, share: steps.append((step, share)),
        )
        for run in ("a", "b")
    ]
    assert cards[0].figures == cards[1].figures
    folder = tmp_path / "a" / "mine"
    names = ["card.json", "model.hdf5", "model.onnx", "word_idx.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert cards[0].options["max_length"] == 256
    assert cards[0].figures["onnx.max_difference"] <= 1e-5
    assert any("epoch 2, validation accuracy" in step for step, _ in steps)
    frame = pd.DataFrame({"text": ["I loved it", "I hated it", ""]})
    first, second = (load_model(tmp_path / run / "mine").score(frame) for run in ("a", "b"))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_fifth_counts_for_both_its_deciles():
    """A score allows one decile, a `label5` two, and a bare label among graded rows a side."""
    frame = pd.DataFrame(
        {
            "score": [0.0, 0.55, 1.0, 0.1, 0.9, 0.0, 1.0],
            "coarse": [False, False, False, True, True, False, False],
            "bare": [False] * 5 + [True] * 2,
            "source": ["graded"] * 5 + ["bare"] * 2,
        }
    )
    possible = [row.nonzero()[0].tolist() for row in possible_deciles(frame)]
    assert possible == [[0], [5], [9], [0, 1], [8, 9], [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    alone = frame[frame["bare"]]
    assert [row.nonzero()[0].tolist() for row in possible_deciles(alone)] == [[0], [9]]


def test_a_model_that_is_trained_again_keeps_the_one_before(tmp_path):
    """A training under an existing name keeps the former version; with force it is removed."""
    train([LABELLED], TrainingOptions(kind="fast", name="mine", output=tmp_path, seed=1))
    before = read_card(tmp_path / "mine")
    options = TrainingOptions(kind="fast", name="mine", output=tmp_path, seed=2)
    after = train([LABELLED], options)
    assert read_card(tmp_path / "mine") == after
    assert read_card(tmp_path / before.full_name) == before
    train([LABELLED], replace(options, force=True))
    assert {path.name for path in tmp_path.iterdir()} == {"mine", before.full_name}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "My Model"}, BadCard),
        ({"name": "../mine"}, BadCard),
        ({"kind": "wide"}, BadOption),
        ({"epochs": 0}, BadOption),
    ],
)
def test_invalid_options_are_refused(tmp_path, change, error):
    """A bad name, kind or number of epochs is refused before the data is read."""
    wanted = {"kind": "fast", "name": "mine", "output": tmp_path / "models", **change}
    with pytest.raises(error):
        train([tmp_path / "nowhere.csv"], TrainingOptions(**wanted))
    assert not (tmp_path / "models").exists()


def test_nothing_is_left_of_a_training_that_failed(tmp_path):
    """Bad data leaves no incomplete model."""
    data = tmp_path / "bad.csv"
    data.write_text("text,stars\na,1\n")
    with pytest.raises(NotLabelled):
        train([data], TrainingOptions(kind="fast", name="mine", output=tmp_path / "models"))
    assert not (tmp_path / "models" / "mine").exists()


def test_a_model_that_is_being_written_is_not_served(tmp_path):
    """A worker that starts during a training sees only complete models."""
    train([LABELLED], TrainingOptions(kind="fast", name="mine", output=tmp_path))
    (tmp_path / ".other-x7").mkdir()
    assert [card.name for card in read_folders(tmp_path).cards.values()] == ["mine"]
