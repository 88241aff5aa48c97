"""Trains a classifier of texts, and writes what its README needs into the current folder.

Reads `messages.csv` next to this script: 64 made-up messages to a shop, with their topics.

Writes:
    topics.pkl: the fitted pipeline.
    inbox.csv: six other messages, one of them empty.
    expected.csv: the others, with what the pipeline itself gives for them.
"""

from pathlib import Path

import joblib
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

INBOX = [
    "The invoice of last month has the wrong amount.",
    "My parcel was left at the wrong address.",
    "",
    "The app shows an error after the update.",
    "I want to send the shirt back, it is too small.",
    "You have charged my card again!",
]

messages = pd.read_csv(Path(__file__).parent / "messages.csv")
pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10))
pipeline.fit(messages["text"], messages["topic"])
joblib.dump(pipeline, "topics.pkl")

inbox = pd.DataFrame({"text": INBOX}, index=pd.RangeIndex(1, len(INBOX) + 1, name="ref"))
inbox.to_csv("inbox.csv")

expected = inbox[inbox["text"] != ""]
probabilities = pipeline.predict_proba(expected["text"])
expected = expected.assign(label=pipeline.predict(expected["text"]))
for number, name in enumerate(pipeline.classes_):
    expected[f"probability_{name}"] = probabilities[:, number]
expected.to_csv("expected.csv")
