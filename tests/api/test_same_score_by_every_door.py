"""The same rows get the same scores by every door, whatever batches they are scored in."""

import json

import joblib
import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.in_memory import Service, make_service

from shared.config.settings import Settings
from shared.model import SCORE, load_model
from training.add_model import add_model
from training.added.meaning import Meaning

_RANDOM = np.random.default_rng(11)
TEXTS = [
    " ".join(_RANDOM.choice([f"w{number}" for number in range(150)], size))
    for size in _RANDOM.integers(1, 25, 200)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory):
    """A model whose last bits depend on the number of rows, unless that is seen to."""
    folder = tmp_path_factory.mktemp("doors")
    pipeline = make_pipeline(TfidfVectorizer(), TruncatedSVD(20), LogisticRegression())
    joblib.dump(pipeline.fit(TEXTS, _RANDOM.integers(0, 3, 200)), folder / "theirs.joblib")
    meaning = Meaning(class_values=(0.0, 0.5, 1.0))
    add_model(folder / "theirs.joblib", name="mine", output=folder, meaning=meaning)
    return load_model(folder / "mine")


def serve(settings: Settings, model, **changes: object) -> Service:
    settings = Settings.model_validate(
        settings.model_dump() | {"small_rows": 200, "max_json_bytes": 1_000_000} | changes
    )
    service = make_service(settings, model=model)
    service.answer_at_once()
    return service


@pytest.mark.parametrize("part_rows", [1, 7, 64, 1000])
def test_by_every_door(settings: Settings, model, part_rows: int) -> None:
    """Questions one by one, small jobs, bulk jobs in parts of any size, and other protocols."""
    service = serve(settings, model, min_part_rows=part_rows, part_seconds=1e-9)
    client = service.client
    upload = b"text\n" + "".join(f"{text}\n" for text in TEXTS).encode()
    expected = [row[SCORE] for row in service.scored(upload)]
    assert len(set(expected)) > 150
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
    accepted = client.post("/jobs?format=ndjson", data=lines, content_type="application/x-ndjson")
    assert [row[SCORE] for row in service.rows_of(accepted)] == expected
    accepted = client.post("/jobs", json={"text": TEXTS})
    assert [row[SCORE] for row in service.rows_of(accepted)] == expected
    for size in (1, 3, 50):
        found: list[float] = []
        for begin in range(0, 50, size):
            few = TEXTS[begin : begin + size]
            body = {"ref": list(range(len(few))), "text": few}
            found += [row[SCORE] for row in client.post("/sentiment", json=body).json]
        assert found[:50] == expected[:50]
    scored = client.post("/score", json={"text": TEXTS[:9]}).json
    assert [row[SCORE] for row in scored] == expected[:9]
    answer = client.post("/invocations", json={"inputs": {"text": TEXTS[:5]}}).json
    assert answer["predictions"] == expected[:5]
    tensor = {"name": "text", "shape": [4], "datatype": "BYTES", "data": TEXTS[:4]}
    answer = client.post("/v2/models/mine/infer", json={"inputs": [tensor]}).json
    outputs = {one["name"]: one["data"] for one in answer["outputs"]}
    assert outputs[SCORE] == expected[:4]


def test_results_have_the_shortest_exact_numbers(settings: Settings, model) -> None:
    """The texts of the scores are equal too, in each format of the results."""
    service = serve(settings, model, min_part_rows=7, part_seconds=1e-9)
    upload = b"text\n" + "".join(f"{text}\n" for text in TEXTS).encode()
    url = service.submit(upload).location
    service.work()
    csv = service.client.get(f"{url}/results?format=csv").text.splitlines()[1:]
    ndjson = service.client.get(f"{url}/results?format=ndjson").text.splitlines()
    assert [line.split(",")[1] for line in csv] == [
        line.partition(f'"{SCORE}":')[2].partition(",")[0] for line in ndjson
    ]
