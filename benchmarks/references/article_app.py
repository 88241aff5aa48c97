"""The design of the article: a Flask app with the model in the web process.

gunicorn --workers 2 'benchmarks.references.article_app:make_app("models/fast")'
"""

from pathlib import Path

import pandas as pd
from flask import Flask, Response, request

from benchmarks.references import keras_script, pandas_script


def make_app(folder: str) -> Flask:
    """Make the app that scores with the model in a folder, as the scripts do."""
    if (Path(folder) / "model.hdf5").exists():
        keras_script.load(folder)
        scores = keras_script.scores
    else:
        pandas_script.load(str(Path(folder) / "model.pkl"))
        scores = pandas_script.scores
    # Warm-up: the first call is slow.
    scores(["a good film"])
    app = Flask(__name__)

    @app.get("/apitest")
    def apitest() -> str:
        return "API working"

    @app.post("/sentiment")
    def sentiment() -> Response:
        frame = pd.DataFrame(request.get_json())
        frame["Sentiment_Score"] = scores(frame["text"].tolist())
        rows = frame[["ref", "Sentiment_Score"]].to_json(orient="records", double_precision=15)
        return Response(rows, mimetype="application/json")

    print("ready", flush=True)
    return app
