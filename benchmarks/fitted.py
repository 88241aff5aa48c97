"""Fits models for the benchmarks, and adds them as `scorelane add-model` does.

python -m benchmarks.fitted models/
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import joblib
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from benchmarks import reviews
from scoring.networks.text import TREEBANK
from shared.config.places import BUNDLED_MODELS
from training.add_model import add_model
from training.added.meaning import Meaning

#: The seed of the training texts; no benchmark uses it for the texts to score.
SEED = 1_000_003

#: The number of words that the networks read, and the number of rows of their embeddings.
LENGTH = 56
WORDS = 1 + max(json.loads((BUNDLED_MODELS / "deep" / "word_idx.json").read_text()).values())

#: Name of the model folder -> function that makes the pipeline.
PIPELINES = {
    "words": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "pairs": lambda: make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()),
    "counts": lambda: make_pipeline(CountVectorizer(), MultinomialNB()),
    "hashing": lambda: make_pipeline(HashingVectorizer(n_features=2**18), LogisticRegression()),
    "characters": lambda: make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=100_000),
        LogisticRegression(),
    ),
    "tokenizer": lambda: make_pipeline(
        TfidfVectorizer(tokenizer=str.split, token_pattern=None), LogisticRegression()
    ),
    "calibrated": lambda: make_pipeline(TfidfVectorizer(), CalibratedClassifierCV(LinearSVC())),
    "folds": lambda: CalibratedClassifierCV(make_pipeline(TfidfVectorizer(), LinearSVC())),
    "search": lambda: GridSearchCV(
        make_pipeline(TfidfVectorizer(), LogisticRegression()), {}, cv=2
    ),
    "letters": lambda: make_pipeline(
        TfidfVectorizer(token_pattern="[a-zA-Z]{3,}"),  # noqa: S106  no password
        LogisticRegression(),
    ),
}

#: Name of the model folder -> description for the tables.
TITLES = {
    "words": "TF-IDF of words, logistic regression",
    "pairs": "TF-IDF of words and word pairs, logistic regression",
    "counts": "counts of words, naive Bayes",
    "hashing": "hashed words, logistic regression",
    "characters": "TF-IDF of 2 to 4 characters, logistic regression",
    "tokenizer": "TF-IDF with a tokenizer of its own, logistic regression",
    "calibrated": "TF-IDF of words, calibrated linear SVC",
    "folds": "TF-IDF of words and linear SVC, calibrated in five folds",
    "search": "TF-IDF of words, logistic regression, in a grid search",
    "letters": "TF-IDF of words of three and more letters, logistic regression",
    "swish": "embedding, biLSTM with swish, softmax",
    "attention": "embedding, multi-head attention, mean, softmax",
}


def fit(name: str, models: Path, texts: list[str]) -> Path:
    """Fit a pipeline to texts and add it as a model; returns its model folder."""
    pipeline = PIPELINES[name]().fit(texts, reviews.labels(texts))
    with tempfile.TemporaryDirectory() as folder:
        joblib.dump(pipeline, Path(folder) / "made.pkl")
        add_model(Path(folder) / "made.pkl", name=name, output=models)
    return models / name


def networks(models: Path) -> None:
    """Add two Keras models that only TensorFlow can run, `swish` and `attention`.

    Their weights are random, because speed and equality of scores do not depend on them.
    """
    import keras  # noqa: PLC0415  most benchmarks need no TensorFlow

    layers: Any = keras.layers
    keras.utils.set_random_seed(1)
    # The mask lets rows be cut to their words. ONNX's LSTM does not support this activation. The
    # model with branches has no mask, because Keras cannot read such a model back from HDF5.
    swish = layers.LSTM(64, activation="silu")
    chain = [
        keras.Input((LENGTH,), dtype="int32"),
        layers.Embedding(WORDS, 100, mask_zero=True, embeddings_initializer="normal"),
        layers.Bidirectional(swish),
    ]
    _add(models, "swish", keras.Sequential([*chain, _deciles(layers)]))
    words = keras.Input((LENGTH,), dtype="int32")
    vectors = layers.Embedding(WORDS, 64, embeddings_initializer="normal")(words)
    seen = layers.MultiHeadAttention(num_heads=4, key_dim=16)(vectors, vectors)
    pooled = layers.GlobalAveragePooling1D()(layers.add([vectors, seen]))
    _add(models, "attention", keras.Model(words, _deciles(layers)(pooled)))


def _deciles(layers: Any) -> Any:
    return layers.Dense(10, activation="softmax", kernel_initializer="normal")


def _add(models: Path, name: str, model: Any) -> None:
    word_index = BUNDLED_MODELS / "deep" / "word_idx.json"
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "made.h5")
        meaning = Meaning(
            word_index=word_index,
            max_length=LENGTH,
            padding="post",
            truncating="post",
            unknown=0,
            token_pattern=TREEBANK.pattern,
        )
        add_model(Path(folder) / "made.h5", name=name, output=models, meaning=meaning)


if __name__ == "__main__":
    networks(Path(sys.argv[1]))
