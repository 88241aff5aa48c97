"""A model of a table in parts is served with the names of its columns and of its classes."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelEncoder, MultiLabelBinarizer, StandardScaler
from skops import io

from shared.model import load_model
from training.add_model import Added, add_model
from training.added.meaning import Meaning

TABLE = pd.DataFrame({"age": [20.0, 30, 40, 50, 60, 70], "fare": [1.0, 5, 2, 6, 3, 7]})
LABELS = ["no", "yes", "no", "yes", "maybe", "maybe"]
ENCODER = LabelEncoder().fit(LABELS)
SCALER = StandardScaler().fit(TABLE.to_numpy())
ROWS = SCALER.transform(TABLE.to_numpy())


def served(tmp_path: Path, path: Path, **meaning: Any) -> tuple[Added, pd.DataFrame]:
    added = add_model(path, name="mine", output=tmp_path / "models", meaning=Meaning(**meaning))
    return added, load_model(tmp_path / "models" / "mine").score(TABLE)


@pytest.mark.parametrize(
    "classifier", [LogisticRegression(), MLPClassifier(3, solver="lbfgs", random_state=0)]
)
@pytest.mark.parametrize("dump", [joblib.dump, io.dump])
def test_a_dict_of_parts_gives_labels_by_name(tmp_path: Path, classifier: Any, dump: Any) -> None:
    """The label is the encoder's name, and each probability is that of the class it names."""
    model = classifier.fit(ROWS, ENCODER.transform(LABELS))
    path = tmp_path / ("theirs.pkl" if dump is joblib.dump else "theirs.skops")
    held = {"model": model, "scaler": SCALER, "label_encoder": ENCODER, "columns": list(TABLE)}
    dump(held, path)
    added, found = served(tmp_path, path)
    assert [one.name for one in added.card.signature.inputs] == ["age", "fare"]
    names = [f"probability_{name}" for name in ENCODER.classes_]
    assert list(found) == ["label", *names]
    expected = model.predict_proba(ROWS)
    np.testing.assert_allclose(found[names], expected, rtol=0, atol=1e-12)
    assert found["label"].tolist() == ENCODER.inverse_transform(model.predict(ROWS)).tolist()


def test_three_files_give_labels_by_name(tmp_path: Path) -> None:
    """A scaler, the encoder of the labels and the model, each in a file of its own."""
    model = LogisticRegression().fit(ROWS, ENCODER.transform(LABELS))
    paths = [tmp_path / f"{name}.pkl" for name in ("scaler", "encoder", "model")]
    for part, path in zip([SCALER, ENCODER, model], paths, strict=True):
        joblib.dump(part, path)
    added, found = served(tmp_path, paths[2], vectorizer=paths[:2], inputs="age:double,fare:double")
    assert found["label"].tolist() == ENCODER.inverse_transform(model.predict(ROWS)).tolist()
    assert any("maybe, no, yes" in note for note in added.notes)


def test_a_binarizer_names_several_labels(tmp_path: Path) -> None:
    """A multi-label model has one column for each label of the `MultiLabelBinarizer`."""
    binarizer = MultiLabelBinarizer()
    matrix = binarizer.fit_transform([["a"], ["b"], ["a", "b"], [], ["b"], ["a"]])
    model = OneVsRestClassifier(LogisticRegression()).fit(ROWS, matrix)
    path = tmp_path / "theirs.pkl"
    joblib.dump({"model": model, "scaler": SCALER, "mlb": binarizer, "columns": list(TABLE)}, path)
    _, found = served(tmp_path, path)
    names = ["probability_a", "probability_b"]
    np.testing.assert_allclose(found[names], model.predict_proba(ROWS), rtol=0, atol=1e-12)
    assert found[["label_a", "label_b"]].to_numpy().tolist() == model.predict(ROWS).tolist()
