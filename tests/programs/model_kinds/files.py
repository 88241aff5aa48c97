"""The forms in which people save an estimator of scikit-learn, and its newer steps."""

import gzip
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
from programs.model_kinds import data, texts
from programs.model_kinds.fitting import WORDS, columns, fitted, logistic, scaled, table, trees
from programs.model_kinds.kind import Kind, Made, answers
from programs.model_kinds.texts import text
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler, TargetEncoder
from skops import io

#: Stands for the script of a user, whose functions are of `__main__`.
_SCRIPT = """
def longer(rows):
    rows = rows.copy()
    rows["length"] = rows["name"].str.len()
    rows["per_visit"] = rows["fare"] / (rows["visits"] + 1)
    return rows[["length", "per_visit", "fare"]]

def shout(texts):
    return [text.upper().replace("N'T", " NOT") for text in texts]

def words_of(text):
    return text.split()
"""


def _of_script(name: str) -> Any:
    script: dict[str, Any] = {"__name__": "__main__"}
    exec(_SCRIPT, script)  # noqa: S102  the text is above
    return script[name]


def _cloudpickled(model: Any, path: Path) -> None:
    path.write_bytes(cloudpickle.dumps(model))


def _zipped(model: Any, path: Path) -> None:
    path.write_bytes(gzip.compress(pickle.dumps(model)))


def _steps_apart(folder: Path, form: str) -> Made:
    """A scaler and a model that a script saves by themselves, with the names of the columns."""
    frame, new = data.people()[data.NUMBERS].fillna(30.0), data.asked(missing=False)[data.NUMBERS]
    encoder = LabelEncoder().fit(data.people()["rank"])
    scaler = StandardScaler().fit(frame)
    model = logistic().fit(scaler.transform(frame), encoder.transform(data.people()["rank"]))
    options = {}
    if form == "dict":
        parts = {"scaler": scaler, "model": model, "encoder": encoder, "columns": data.NUMBERS}
        joblib.dump(parts, folder / "model.pkl")
    else:
        joblib.dump((scaler, model), folder / "model.pkl")
    expected = answers(model, scaler.transform(new))
    if form == "dict":
        expected["label"] = encoder.inverse_transform(expected["label"])
        names = {
            f"probability_{at}": f"probability_{one}" for at, one in enumerate(encoder.classes_)
        }
        expected = expected.rename(columns=names)
    return Made("model.pkl", new, expected, options)


def _two_files(folder: Path) -> Made:
    """A vectoriser and a classifier, each in its file."""
    given, labels = data.texts()
    vectoriser = TfidfVectorizer().fit(given)
    model = logistic().fit(vectoriser.transform(given), labels)
    joblib.dump(vectoriser, folder / "tfidf.pkl")
    joblib.dump(model, folder / "model.pkl")
    rows = data.asked_texts()
    expected = answers(model, vectoriser.transform(rows["text"]), texts.TWO)
    return Made("model.pkl", rows, expected, {"vectorizer": ["tfidf.pkl"]})


def _target_encoded() -> Any:
    encoder = make_pipeline(TargetEncoder(random_state=0), StandardScaler())
    return _columns(("words", encoder, WORDS), ("numbers", scaled(), data.NUMBERS))


def _columns(*steps: Any) -> Any:
    return ColumnTransformer(list(steps))


OWN = {"save": _cloudpickled}
SKOPS = {"save": io.dump, "file": "model.skops"}
LENGTHS = {"options": {"inputs": "fare:double,visits:long,name:string"}}

KINDS = [
    table("target encoder", lambda: make_pipeline(_target_encoded(), logistic())),
    table(
        "threshold of the probability",
        lambda: FixedThresholdClassifier(make_pipeline(columns(), logistic()), threshold=0.7),
    ),
    table(
        "tuned threshold, random forest",
        lambda: TunedThresholdClassifierCV(trees(RandomForestClassifier), cv=2),
    ),
    table(
        "a function of the script over a frame (cloudpickle)",
        lambda: make_pipeline(FunctionTransformer(_of_script("longer")), scaled(logistic())),
        columns=["fare", "visits", "name"],
        **OWN,
        **LENGTHS,
    ),
    text(
        "functions of the script over texts (cloudpickle)",
        lambda: make_pipeline(
            FunctionTransformer(_of_script("shout")),
            TfidfVectorizer(tokenizer=_of_script("words_of"), token_pattern=None),
            logistic(),
        ),
        **OWN,
    ),
    Kind(
        "Files",
        "dict of scaler, model, label encoder and columns",
        partial(_steps_apart, form="dict"),
    ),
    Kind("Files", "tuple of scaler and model", partial(_steps_apart, form="tuple")),
    Kind("Files", "vectoriser and model in two files", _two_files),
    table(
        "compressed pickle (gzip)",
        lambda: make_pipeline(columns(), logistic()),
        group="Files",
        save=_zipped,
        file="model.pkl.gz",
    ),
    Kind(
        "Files",
        "skops: table with an imputer, its dtype among the trusted types",
        partial(fitted, build=lambda: make_pipeline(columns(), logistic()), **SKOPS),
        trusted="numpy.dtype",
    ),
    table(
        "skops: table with an imputer",
        lambda: make_pipeline(columns(), logistic()),
        group="Files",
        accepted=False,
        **SKOPS,
    ),
    text("skops: text", lambda: texts.bag(logistic()), group="Files", **SKOPS),
    Kind(
        "Files",
        "skops: random forest, with its tree among the trusted types",
        partial(fitted, build=lambda: trees(RandomForestClassifier), **SKOPS),
        trusted="numpy.dtype,sklearn.tree._tree.Tree",
    ),
]
