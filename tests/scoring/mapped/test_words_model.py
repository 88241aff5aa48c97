import contextlib
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from support.labelled_texts import TEXTS, TWO, WORDS

from scoring.mapped.array_file import read_arrays, write_arrays
from scoring.mapped.words_model import MappedWordsModel
from scoring.sklearn_model import SklearnModel
from scoring.words import stored_tables
from scoring.words.proof import trial_texts
from shared.card import read_card, save_card
from shared.errors.model import DigestMismatch
from shared.mapped_file import MAPPED_FILE
from shared.model import file_digest, load_model, load_own
from shared.private_copies import room_for_copies
from training.add_model import add_model
from training.added.meaning import Meaning

pytestmark = pytest.mark.skipif(not stored_tables.STORES, reason="nothing was compiled")

GRADES = [0, 1, 2, 2, 1, 0, 1, 0]

#: More words than `TEXTS` has: with one beyond ASCII, one that is longer than a key, and signs.
MORE = ["Caf\u00e9 \u2764 so!?", "incomprehensibilities", "good good good bad", "", "\U0001f642"]

_SIGNS = r"(?u)\b\w+\b|[!?\u2600-\u27bf\U0001f300-\U0001faff]"

PIPELINES: list[tuple[list[Any], Any, list[Any]]] = [
    ([TfidfVectorizer()], LogisticRegression(), TWO),
    ([TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)], LogisticRegression(), GRADES),
    ([TfidfVectorizer(norm="l1")], SGDClassifier(loss="log_loss"), GRADES),
    ([TfidfVectorizer(norm=None, use_idf=False)], SGDClassifier(loss="log_loss"), TWO),
    ([CountVectorizer(stop_words=["so"])], MultinomialNB(), WORDS),
    ([CountVectorizer(binary=True), TfidfTransformer()], LogisticRegression(), WORDS),
    ([TfidfVectorizer(token_pattern=_SIGNS)], CalibratedClassifierCV(LinearSVC(), cv=2), TWO),
    ([TfidfVectorizer(analyzer="char", ngram_range=(1, 3))], LogisticRegression(), GRADES),
    (
        [CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=False)],
        LogisticRegression(),
        TWO,
    ),
    ([TfidfVectorizer()], ComplementNB(), GRADES),
    ([TfidfVectorizer()], OneVsRestClassifier(LogisticRegression()), GRADES),
    ([TfidfVectorizer()], SGDClassifier(loss="modified_huber"), GRADES),
    (
        [TfidfVectorizer(lowercase=False, ngram_range=(1, 3))],
        CalibratedClassifierCV(LinearSVC(), cv=2, ensemble=False),
        [0, 1, 2, 0, 1, 2, 0, 1],
    ),
]


def added(
    models: Path, steps: list[Any], classifier: Any, labels: list[Any], **meaning: Any
) -> Any:
    """Fit a pipeline, and add it as `mine`."""
    pipeline = make_pipeline(*steps, classifier).fit([*TEXTS, *MORE], [*labels, *labels[:5]])
    joblib.dump(pipeline, models.parent / "theirs.pkl")
    file = models.parent / "theirs.pkl"
    return add_model(file, name="mine", output=models, meaning=Meaning(**meaning), force=True)


def frame_of(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype=object)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a model that is mapped."""
    added(tmp_path / "models", [TfidfVectorizer()], LogisticRegression(), TWO)
    return tmp_path / "models" / "mine"


@pytest.mark.parametrize(("steps", "classifier", "labels"), PIPELINES)
@pytest.mark.parametrize("meaning", [{}, {"class_values": True}])
def test_every_output_is_that_of_the_pipeline_to_the_last_bit(
    tmp_path: Path, steps: list[Any], classifier: Any, labels: list[Any], meaning: dict[str, Any]
) -> None:
    """Scores, labels and probabilities are equal, for all vectorisers and classifiers."""
    if meaning:
        count = len(set(labels))
        meaning = {"class_values": [place / (count - 1) for place in range(count)]}
    folder = tmp_path / "models" / "mine"
    card = added(tmp_path / "models", steps, classifier, labels, **meaning).card
    assert card.mapped is not None
    mapped, own = load_model(folder), load_own(folder, card)
    assert isinstance(mapped, MappedWordsModel)
    assert isinstance(own, SklearnModel)
    texts = [*TEXTS, *MORE, "bad\0good", *trial_texts(["good", "Caf\u00e9", "so", "\u2764"])]
    frame = frame_of(texts * 6)
    pd.testing.assert_frame_equal(mapped.score(frame), own.score(frame), check_exact=True)
    pd.testing.assert_frame_equal(mapped.score(frame[:0]), own.score(frame[:0]))
    for model in filter(None, (mapped, mapped.with_reach())):
        in_frame, without = model.score(frame), model.score_texts(texts * 6)
        assert list(without) == list(in_frame)
        for name, values in without.items():
            assert values.dtype == in_frame[name].dtype
            assert values.tolist() == in_frame[name].tolist()
    assert mapped.classes == own.classes
    for wanted in [{output.name} for output in card.signature.outputs]:
        narrow, own_narrow = mapped.for_outputs(wanted), own.for_outputs(wanted)
        pd.testing.assert_frame_equal(narrow.score(frame), own_narrow.score(frame))


def test_characters_of_a_mapped_model_are_no_words(tmp_path: Path) -> None:
    """It cannot tell which words it knows; and it is explained as the model itself is."""
    steps = [TfidfVectorizer(analyzer="char", ngram_range=(1, 2))]
    card = added(tmp_path / "models", steps, LogisticRegression(), TWO).card
    mapped, own = (
        load_model(tmp_path / "models" / "mine"),
        load_own(tmp_path / "models" / "mine", card),
    )
    assert isinstance(mapped, MappedWordsModel)
    assert isinstance(own, SklearnModel)
    frame = frame_of([*TEXTS, *MORE])
    assert mapped.with_reach() is own.with_reach() is None
    assert mapped.reach(frame) is own.reach(frame) is None
    assert mapped.explained_by == own.explained_by == "linear"
    explained = mapped.explained(2).score(frame)
    pd.testing.assert_frame_equal(explained, own.explained(2).score(frame))


def test_the_version_does_not_depend_on_the_mapped_file(folder: Path) -> None:
    """A model that is added without a compiler has the same version, and the same scores."""
    card = read_card(folder)
    mapped = load_model(folder)
    save_card(folder, card.model_copy(update={"mapped": None}))
    (folder / MAPPED_FILE).unlink()
    plain = load_model(folder)
    assert isinstance(plain, SklearnModel)
    assert plain.card.version == mapped.card.version
    assert '"mapped"' not in (folder / "card.json").read_text()
    pd.testing.assert_frame_equal(plain.score(frame_of(TEXTS)), mapped.score(frame_of(TEXTS)))


def test_scikit_learn_is_not_imported(folder: Path) -> None:
    """Loading, warming up and scoring need neither scikit-learn nor SciPy."""
    program = f"""
import sys
from pathlib import Path
import pandas as pd
from shared.model import load_model
model = load_model(Path({str(folder)!r}))
model.warm_up()
print(model.score(pd.DataFrame({{"text": ["good", "bad"]}})).shape)
print(sorted({{"sklearn", "scipy", "joblib"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["(2, 4)", "[]"]


def test_a_label_between_equal_classes_is_asked_of_scikit_learn(tmp_path: Path) -> None:
    """A text without a known word is equally probable; then its label is scikit-learn's.

    The folder is gone by then, and the file is read from where it was opened.
    """
    balanced = LogisticRegression(fit_intercept=False)
    card = added(tmp_path / "models", [TfidfVectorizer()], balanced, WORDS).card
    folder = tmp_path / "models" / "mine"
    mapped, own = load_model(folder), load_own(folder, card)
    shutil.rmtree(folder)
    frame = frame_of(["", "unknown", "good", "bad"])
    found = mapped.score(frame)
    assert found["probability_sad"].tolist()[:2] == [0.5, 0.5]
    pd.testing.assert_frame_equal(found, own.score(frame))


@pytest.mark.parametrize("room", [room_for_copies, contextlib.nullcontext])
def test_explanations_are_of_the_files_that_were_loaded(folder: Path, room: Any) -> None:
    """A pickle that is overwritten where it is, under a loaded model, changes nothing of it.

    So an explanation names the score of the version that it is of, in a worker and outside of one.
    """
    frame = frame_of([*TEXTS, "good bad"])
    with room():
        model = load_model(folder)
        before = model.score(frame)
        other = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, TWO[::-1])
        joblib.dump(other, folder / "model.pkl")
        explained = model.explained(2).score(frame)
    assert isinstance(model, MappedWordsModel)
    pd.testing.assert_frame_equal(explained[before.columns.tolist()], before)


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_a_changed_file_is_not_loaded(folder: Path, content: bytes) -> None:
    """A mapped file that its card does not name keeps the model from being loaded."""
    (folder / MAPPED_FILE).write_bytes(content)
    with pytest.raises(DigestMismatch, match=MAPPED_FILE):
        load_model(folder)
    (folder / MAPPED_FILE).unlink()
    with pytest.raises(DigestMismatch, match=MAPPED_FILE):
        load_model(folder)


def changed(folder: Path, change: Any) -> None:
    """Change what the mapped file of a model holds, and name the new content in its card."""
    with (folder / MAPPED_FILE).open("rb") as file:
        about, arrays = read_arrays(file)
        arrays = {name: array.copy() for name, array in arrays.items()}
    change(about, arrays)
    write_arrays(folder / MAPPED_FILE, about, arrays)
    card = read_card_unchecked(folder)
    named = card.mapped.model_copy(update={"sha256": file_digest(folder / MAPPED_FILE)})
    save_card(folder, card.model_copy(update={"mapped": named}))


def read_card_unchecked(folder: Path) -> Any:
    from shared.model import Card  # noqa: PLC0415

    return Card.model_validate_json((folder / "card.json").read_bytes())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda about, _: about.update(format=99), "another release"),
        (lambda about, _: about.update(byteorder="big"), "another release or machine"),
        (lambda about, _: about.update(version="0" * 12), "another version of the model"),
        (lambda _, arrays: arrays.pop("by_column"), "it lacks 'by_column'"),
        (lambda _, arrays: arrays.update(ends=arrays["ends"][:-1]), "another size"),
        (lambda _, arrays: arrays.update(moves_0=arrays["moves_0"][:-1]), "no power of two"),
        (lambda _, arrays: arrays["coefficients"].__imul__(2), "other scores here"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_the_model_to_scikit_learn(
    folder: Path, change: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A file of another release, or with other scores, is reported, and the pickle is loaded."""
    expected = load_model(folder).score(frame_of(TEXTS))
    changed(folder, change)
    with caplog.at_level(logging.WARNING):
        model = load_model(folder)
    assert isinstance(model, SklearnModel)
    assert reason in caplog.text
    pd.testing.assert_frame_equal(model.score(frame_of(TEXTS)), expected)


def test_without_the_compiled_library_the_pickle_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without the library serves the model all the same."""
    monkeypatch.setattr("scoring.mapped.words_model.STORES", False)
    assert isinstance(load_model(folder), SklearnModel)


@pytest.mark.parametrize(
    ("vectoriser", "classifier"),
    [
        (TfidfVectorizer(strip_accents="unicode"), LogisticRegression()),
        (TfidfVectorizer(analyzer="char", strip_accents="ascii"), LogisticRegression()),
        (HashingVectorizer(n_features=64), LogisticRegression()),
        (TfidfVectorizer(), RandomForestClassifier(3, random_state=0)),
    ],
)
def test_other_pipelines_are_not_mapped(tmp_path: Path, vectoriser: Any, classifier: Any) -> None:
    """A model whose scores need scikit-learn gets no mapped file, and is served as before."""
    card = added(tmp_path / "models", [vectoriser], classifier, TWO).card
    assert card.mapped is None
    assert not (tmp_path / "models" / "mine" / MAPPED_FILE).exists()
    assert isinstance(load_model(tmp_path / "models" / "mine"), SklearnModel)
