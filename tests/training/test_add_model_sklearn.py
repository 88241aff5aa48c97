import pickle
from importlib.metadata import version

import joblib
import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from support.labelled_texts import STARS, TEXTS, THREE, TWO, WORDS

from shared.card import read_card
from shared.errors.input import BadOption
from shared.errors.model import BadName, ModelExists, UnusableModel
from shared.model import load_model
from shared.model_folders import read_folders
from training.add_model import add_model
from training.added.meaning import Meaning
from training.added.proof_texts import PROOF


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (TWO, [0.0, 1.0]),
        (THREE, [0.0, 0.5, 1.0]),
        (STARS, [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([label == 1 for label in TWO], [0.0, 1.0]),
    ],
)
def test_a_plainly_saved_pipeline_is_added_and_served(pickled, tmp_path, labels, values):
    """Self-explanatory labels need no option: 0/1, three words, stars, true/false."""
    added = add_model(pickled(labels), name="mine", output=tmp_path / "models")
    assert added.card.options == {"class_values": values}
    assert list(added.proof) == PROOF
    assert read_card(tmp_path / "models" / "mine") == added.card
    pipeline = joblib.load(tmp_path / "theirs.pkl")
    frame = pd.DataFrame({"text": TEXTS})
    scored = load_model(tmp_path / "models" / "mine").score(frame)
    expected = pipeline.predict_proba(TEXTS) @ np.array(values)
    np.testing.assert_allclose(scored["Sentiment_Score"], expected)


@pytest.mark.parametrize("name", ["theirs.pkl", "theirs.joblib"])
@pytest.mark.parametrize("dump", [joblib.dump, pickle.dump])
def test_both_ways_of_saving_are_read(pickled, tmp_path, name, dump):
    """Files of joblib and of pickle, with either ending, become model.pkl."""
    path = pickled(TWO, name=name, dump=dump)
    add_model(path, name="mine", output=tmp_path / "models")
    assert (tmp_path / "models" / "mine" / "model.pkl").read_bytes() == path.read_bytes()


def test_labels_without_an_order_are_served_as_labels(pickled, tmp_path):
    """Unknown labels give no score, but the label and probabilities, unless an option is given."""
    path, output = pickled(WORDS), tmp_path / "models"
    plain = add_model(path, name="mine", output=output)
    names = [one.name for one in plain.card.signature.default_outputs]
    assert names == ["label", "probability_happy", "probability_sad"]
    assert plain.proof == {}
    (note,) = plain.notes
    assert "no Sentiment_Score: its classes (happy, sad)" in note
    assert "--positive" in note
    pipeline = joblib.load(path)
    scored = load_model(output / "mine").score(pd.DataFrame({"text": TEXTS}, dtype=object))
    assert scored["label"].tolist() == pipeline.predict(TEXTS).tolist()
    expected = pipeline.predict_proba(TEXTS)
    np.testing.assert_allclose(scored[names[1:]], expected, rtol=0, atol=1e-12)
    meaning = Meaning(positive="happy")
    by_label = add_model(path, name="mine", output=output, meaning=meaning, force=True)
    assert by_label.card.options == {"class_values": [1.0, 0.0]}
    by_value = add_model(path, name="other", output=output, meaning=Meaning(class_values=[0.9, 0]))
    assert by_value.card.options == {"class_values": [0.9, 0]}
    with pytest.raises(BadOption, match="the classes are: happy, sad"):
        add_model(path, name="third", output=output, meaning=Meaning(positive="glad"))


def test_a_model_of_sentiment_gives_label_and_probabilities_on_request(pickled, tmp_path):
    """Its default output is the score alone, as it was."""
    path = pickled(THREE)
    added = add_model(path, name="mine", output=tmp_path / "models")
    outputs = added.card.signature.outputs
    assert [one.name for one in added.card.signature.default_outputs] == ["Sentiment_Score"]
    assert [one.name for one in outputs[1:]] == [
        "label",
        "probability_negative",
        "probability_neutral",
        "probability_positive",
    ]
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TEXTS}))
    assert scored["label"].tolist() == joblib.load(path).predict(TEXTS).tolist()
    expected = scored.iloc[:, 2:].to_numpy() @ [0, 0.5, 1]
    np.testing.assert_array_equal(scored["Sentiment_Score"], expected)


def test_many_classes_give_their_probabilities_on_request(tmp_path):
    """A classifier of 50 topics gives its label; probabilities only if a job names them."""
    topics = [f"topic {number}" for number in range(50)]
    texts = [f"about thing{number} and more" for number in range(50)] * 2
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, topics * 2)
    joblib.dump(pipeline, tmp_path / "theirs.pkl")
    added = add_model(tmp_path / "theirs.pkl", name="mine", output=tmp_path / "models")
    assert [one.name for one in added.card.signature.default_outputs] == ["label"]
    assert len(added.card.signature.outputs) == 51
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": texts[:20]}))
    assert scored["label"].tolist() == pipeline.predict(texts[:20]).tolist()
    expected = pipeline.predict_proba(texts[:20])
    np.testing.assert_allclose(scored.iloc[:, 1:], expected, rtol=0, atol=1e-12)
    # A text without a known word has the label that the tie of all classes has there.
    assert (
        load_model(tmp_path / "models" / "mine")
        .score(pd.DataFrame({"text": ["xyz"]}))["label"]
        .tolist()
        == pipeline.predict(["xyz"]).tolist()
    )


def test_an_estimator_without_probabilities_gives_its_label(pickled, tmp_path):
    """A LinearSVC has no graded score; the note says what to wrap it in."""
    path = pickled(TWO, LinearSVC())
    added = add_model(path, name="mine", output=tmp_path / "models")
    assert [one.name for one in added.card.signature.outputs] == ["label"]
    assert "CalibratedClassifierCV" in added.notes[0]
    scored = load_model(tmp_path / "models" / "mine").score(pd.DataFrame({"text": TEXTS}))
    assert scored["label"].tolist() == joblib.load(path).predict(TEXTS).tolist()


def test_any_classifier_will_do(pickled, tmp_path):
    """Classifiers that are not linear can be added too."""
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    added = add_model(pickled(TWO, forest), name="mine", output=tmp_path / "models")
    assert all(0 <= score <= 1 for score in added.proof.values())


def test_an_existing_model_is_kept_as_a_version(pickled, tmp_path):
    """Without force the former version stays in a folder of its own; with force it is removed."""
    path, output = pickled(TWO), tmp_path / "models"
    first = add_model(path, name="mine", output=output).card
    other = pickled(STARS, name="other.pkl")
    second = add_model(other, name="mine", output=output).card
    assert second.version != first.version
    assert read_card(output / "mine") == second
    assert read_card(output / first.full_name) == first
    add_model(path, name="mine", output=output, force=True)
    assert {folder.name for folder in output.iterdir()} == {"mine", first.full_name}
    cards = read_folders(output).cards
    assert list(cards) == [output / "mine"]


def test_a_version_that_comes_back_is_there_once(pickled, tmp_path):
    """The same file, added again, replaces its own version; others are kept."""
    path, other, output = pickled(TWO), pickled(STARS, name="other.pkl"), tmp_path / "models"
    versions = [add_model(one, name="mine", output=output).card for one in (path, path, other)]
    assert {folder.name for folder in output.iterdir()} == {"mine", versions[0].full_name}
    add_model(path, name="mine", output=output)
    cards = read_folders(output).cards
    assert {folder.name for folder in cards} == {"mine", versions[2].full_name}
    assert read_card(output / "mine").version == versions[0].version


def test_a_folder_that_is_no_sound_model_is_replaced_only_by_force(pickled, tmp_path):
    """It cannot be kept as a version, and the message says why."""
    path, output = pickled(TWO), tmp_path / "models"
    (output / "mine").mkdir(parents=True)
    with pytest.raises(ModelExists, match=r"'mine' in .* has no card\.json"):
        add_model(path, name="mine", output=output)
    added = add_model(path, name="mine", output=output, force=True)
    assert read_card(output / "mine") == added.card
    assert [folder.name for folder in output.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("model.model", "end in .pkl"), ("nowhere.pkl", "no such file"), (".", "it is a folder")],
)
def test_files_of_other_kinds_are_refused(tmp_path, name, reason):
    """An unknown ending, a missing file and a folder are refused."""
    if name == "model.model":
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UnusableModel, match=reason):
        add_model(tmp_path / name, name="mine", output=tmp_path / "models")


@pytest.mark.parametrize("name", ["My Model", "Mine", "a/b", "-mine", "", "mine\n", "m" * 65])
def test_a_bad_name_is_refused(pickled, tmp_path, name):
    """A name may hold no capitals and no slashes, because it names a folder and a queue."""
    with pytest.raises(BadName, match=r"--name.*lower-case letters, digits, - and _"):
        add_model(pickled(TWO), name=name, output=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_what_the_classes_are_worth_is_told(pickled, tmp_path):
    """The caller learns what each class is worth, so that a wrong reading is seen."""
    added = add_model(pickled(STARS), name="mine", output=tmp_path / "models")
    assert added.classes == {"1": 0.0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1.0}


def test_the_card_names_the_libraries_of_all_parts(tmp_path):
    """Workers in another environment must know what the file needs."""
    model = make_pipeline(
        TfidfVectorizer(), LGBMClassifier(n_estimators=2, min_child_samples=1, n_jobs=1, verbose=-1)
    )
    joblib.dump(model.fit(TEXTS, TWO), tmp_path / "boosted.pkl")
    libraries = add_model(tmp_path / "boosted.pkl", name="mine", output=tmp_path).card.libraries
    assert libraries["lightgbm"] == version("lightgbm")
    assert libraries["scikit-learn"] == version("scikit-learn")
    assert not [name for name in libraries if name.startswith("scorelane")]
