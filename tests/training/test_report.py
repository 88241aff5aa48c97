import builtins
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shared.card import read_card
from training.checks import notes_on
from training.options import TrainingOptions
from training.report import write_report
from training.train import train

LABELLED = Path(__file__).parents[2] / "examples" / "labelled.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trained model's folder, with its report."""
    output = tmp_path_factory.mktemp("models")
    train([LABELLED], TrainingOptions(kind="fast", name="mine", output=output, report=True))
    return output / "mine"


def test_a_report_has_figures_plots_and_errors(folder):
    """The report is one page with two plots; the card does not count it as a file of the model."""
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    for part in ("accuracy", "Confusion matrix", "Calibration", "worst errors", "labelled.csv"):
        assert part in page
    for plot in ("calibration.png", "scores.png"):
        assert (folder / "report" / plot).read_bytes().startswith(b"\x89PNG")
        assert plot in page
    assert "http" not in page
    assert set(read_card(folder).files) == {"model.pkl"}


def test_a_report_is_repeatable(folder, tmp_path):
    """The same data and seed give the same page and the same plots, to the byte."""
    train([LABELLED], TrainingOptions(kind="fast", name="mine", output=tmp_path, report=True))
    for file in (folder / "report").iterdir():
        assert (tmp_path / "mine" / "report" / file.name).read_bytes() == file.read_bytes()


def test_a_report_quotes_texts_as_texts(folder, tmp_path, monkeypatch):
    """Markup in a text is escaped; without matplotlib the page has no plots."""
    real = builtins.__import__

    def without_matplotlib(name, *others):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    labelled = pd.DataFrame({"text": ["<script>alert(1)</script>", "fine"], "score": [0.1, 0.8]})
    write_report(tmp_path, read_card(folder), labelled, np.array([0.9, 0.7]), ["A note."])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "A note." in page
    assert "scorelane-server[report]" in page
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_odd_data_is_noted():
    """Contradictions, repetitions, a rare side, few rows and long texts are noted."""
    texts = ["same", "same", "twice", "twice", *(f"row {n}" for n in range(40)), "long " * 300]
    scores = [0.0, 1.0, 1.0, 1.0, *([1.0] * 40), 1.0]
    frame = pd.DataFrame({"text": texts, "score": scores, "split": "train"})
    notes = " ".join(notes_on(frame, frame))
    for part in (
        "1 texts have labels of both",
        "2 rows repeat",
        "are negative",
        "45 rows",
        "1 texts",
    ):
        assert part in notes
    sound = pd.DataFrame(
        {"text": map(str, range(800)), "score": [0.0, 1.0] * 400, "split": "train"}
    )
    assert notes_on(sound, sound) == []
