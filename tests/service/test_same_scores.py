"""The same rows get the same scores, to the last bit, from any process and by every door."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.programs import ROOT, Programs, programs
from support.waiting import wait_for

from shared.config.places import BUNDLED_MODELS
from training.add_model import add_model

pytestmark = pytest.mark.stack

ROWS, WORKERS, PROCESSES = 600, 2, 2
_RANDOM = np.random.default_rng(29)

Row = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A model, and rows for it.

    Attributes:
        name: its name.
        rows: the rows.
        outputs: the names of its numbers.
    """

    name: str
    rows: list[Row]
    outputs: tuple[str, ...]

    def numbers(self, found: list[dict[str, Any]]) -> list[tuple[float, ...]]:
        """The outputs of rows of results; a text is read as the double that it is."""
        assert not any(one.get("error") for one in found)
        return [tuple(float(one[name]) for name in self.outputs) for one in found]

    def csv(self, places: Any) -> bytes:
        """The rows at some places, as a CSV."""
        file = io.StringIO()
        writer = csv.DictWriter(file, self.rows[0])
        writer.writeheader()
        writer.writerows(self.rows[place] for place in places)
        return file.getvalue().encode()


def _of_texts(name: str) -> Model:
    words = ["good", "bad", "film", "not", "so", "very", "dull", "book", "liked", "it", "awful"]
    lengths = _RANDOM.integers(1, 40, ROWS)
    texts = [" ".join(_RANDOM.choice(words, length)) for length in lengths]
    return Model(name, [{"text": text} for text in texts], ("Sentiment_Score",))


def _of_numbers(folder: Path) -> Model:
    """A table whose last bits depend on the number of rows, unless that is seen to."""
    names = [f"c{number}" for number in range(12)]
    frame = pd.DataFrame({name: _RANDOM.normal(size=ROWS) for name in names})
    grades = np.digitize(frame.sum(axis=1), [-2, 2])
    joblib.dump(
        make_pipeline(PCA(5), LogisticRegression()).fit(frame, grades), folder / "theirs.joblib"
    )
    add_model(folder / "theirs.joblib", name="table", output=folder / "models")
    outputs = tuple(f"probability_{grade}" for grade in range(3))
    return Model("table", frame.to_dict("records"), outputs)


@pytest.fixture(scope="module")
def all_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Model]]:
    """A models folder, and the models in it."""
    folder = tmp_path_factory.mktemp("same")
    for name in ("fast", "deep"):
        shutil.copytree(BUNDLED_MODELS / name, folder / "models" / name)
    models = _of_texts("fast"), _of_texts("deep"), _of_numbers(folder)
    return folder / "models", {one.name: one for one in models}


@pytest.fixture(scope="module")
def serving(
    all_models: tuple[Path, dict[str, Model]],
    tmp_path_factory: pytest.TempPathFactory,
    sockets: Path,
) -> Iterator[Programs]:
    """The models, served by two workers of two processes, with parts of 64 rows."""
    folder, own = tmp_path_factory.mktemp("service"), Path(tempfile.mkdtemp(dir=sockets))
    settings = {"models_dir": str(all_models[0]), "serve": ",".join(all_models[1])}
    settings |= {"processes": str(PROCESSES), "part_seconds": "0.0001", "default_model": "fast"}
    with programs(folder, own, **settings) as running:
        for _ in range(WORKERS):
            running.start_worker()

        def processes() -> dict[str, int]:
            return dict(running.client.get("/readyz").json().get("processes", {}))

        # A worker takes work for all models when all of its processes have them.
        wait_for(
            lambda: (
                (found := processes())
                and len(found) == len(all_models[1])
                and set(found.values()) == {WORKERS * PROCESSES}
            ),
            180,
        )
        yield running


@pytest.fixture(params=["fast", "deep", "table"])
def model(request: pytest.FixtureRequest, all_models: tuple[Path, dict[str, Model]]) -> Model:
    """One of the models."""
    return all_models[1][request.param]


@pytest.fixture
def expected(serving: Programs, model: Model) -> list[tuple[float, ...]]:
    """What a bulk job of all rows in their order gives."""
    found = model.numbers(bulk(serving, model, range(ROWS)))
    assert len(set(found)) > ROWS / 2
    return found


def bulk(serving: Programs, model: Model, places: Any) -> list[dict[str, Any]]:
    """The results of the rows at some places, by a job that is cut into parts."""
    location = serving.submit(model.csv(places), model=model.name, outputs="all")
    job = serving.wait_for_end(location)
    assert job["state"] == "succeeded", job["error"]
    return list(csv.DictReader(serving.client.get(f"{location}/results").text.splitlines()))


def test_jobs_in_any_order(
    serving: Programs, model: Model, expected: list[tuple[float, ...]]
) -> None:
    """Bulk jobs of the same rows, five times and shuffled, at once, and cut at other places."""
    orders = [_RANDOM.permutation(np.tile(np.arange(ROWS), 5))[skip:] for skip in (0, 1, 31)]
    with ThreadPoolExecutor(len(orders)) as pool:
        for order, found in zip(
            orders, pool.map(lambda order: bulk(serving, model, order), orders), strict=True
        ):
            assert model.numbers(found) == [expected[place] for place in order]


def test_small_jobs_and_questions(
    serving: Programs, model: Model, expected: list[tuple[float, ...]]
) -> None:
    """Of 1 to 50 rows, sixteen at a time, so that those that wait share a batch."""
    options = {"model": model.name, "outputs": "all"}
    sizes = _RANDOM.choice([1, 2, 3, 7, 16, 50], 60)
    asked = [_RANDOM.integers(0, ROWS, size).tolist() for size in sizes]

    def ask(number: int) -> list[dict[str, Any]]:
        body = [model.rows[place] for place in asked[number]]
        if number % 2:
            answer = serving.client.post("/score", json=body, params=options)
            assert answer.status_code == 200, answer.text
            return list(answer.json())
        headers = {"Prefer": "wait=30"}
        answer = serving.client.post("/jobs", json=body, params=options, headers=headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["rows"])

    with ThreadPoolExecutor(16) as pool:
        for places, found in zip(asked, pool.map(ask, range(len(asked))), strict=True):
            assert model.numbers(found) == [expected[place] for place in places]


def test_other_protocols(
    serving: Programs, model: Model, expected: list[tuple[float, ...]]
) -> None:
    """MLflow's `/invocations` and the tensors of Open Inference, also one row at a time."""
    for size in (1, 9):
        places = _RANDOM.integers(0, ROWS, size)
        rows, wanted = [model.rows[place] for place in places], [expected[at] for at in places]
        options = {"model": model.name, "outputs": "all"}
        body = {"dataframe_records": rows}
        answer = serving.client.post("/invocations", json=body, params=options)
        predictions = answer.json()["predictions"]
        if model.name != "table":
            predictions = [{model.outputs[0]: number} for number in predictions]
        assert model.numbers(predictions) == wanted
        described = serving.client.get(f"/v2/models/{model.name}").json()
        tensors = [
            {key: one[key] for key in ("name", "datatype")}
            | {"shape": [size], "data": [row[one["name"]] for row in rows]}
            for one in described["inputs"]
        ]
        answer = serving.client.post(f"/v2/models/{model.name}/infer", json={"inputs": tensors})
        outputs = {one["name"]: one["data"] for one in answer.json()["outputs"]}
        assert list(zip(*(outputs[name] for name in model.outputs), strict=True)) == wanted


@pytest.mark.parametrize("name", ["fast", "deep"])
def test_the_doors_of_texts(
    serving: Programs, all_models: tuple[Path, dict[str, Model]], name: str
) -> None:
    """`POST /sentiment`, and a batch of `/v1`."""
    model = all_models[1][name]
    expected = model.numbers(bulk(serving, model, range(ROWS)))
    places = _RANDOM.permutation(ROWS).tolist()
    for begin, size in ((0, 1), (1, 2), (3, 40)):
        asked = places[begin : begin + size]
        body = {"ref": asked, "text": [model.rows[place]["text"] for place in asked]}
        answer = serving.client.post(f"/sentiment?model={name}", json=body)
        assert answer.status_code == 200, answer.text
        assert model.numbers(answer.json()) == [expected[place] for place in asked]
    lines = [
        {
            "custom_id": str(place),
            "method": "POST",
            "url": "/v1/sentiment",
            "body": {"model": name, "input": model.rows[place]["text"]},
        }
        for place in places
    ]
    content = "".join(json.dumps(one) + "\n" for one in lines).encode()
    file = serving.client.post(
        "/v1/files", data={"purpose": "batch"}, files={"file": ("rows.jsonl", content)}
    ).json()
    asked_for = {"endpoint": "/v1/sentiment", "completion_window": "24h"}
    batch = serving.client.post(
        "/v1/batches", json={"input_file_id": file["id"], **asked_for}
    ).json()
    path = f"/v1/batches/{batch['id']}"
    ended = wait_for(
        lambda: (one := serving.client.get(path).json())["status"] == "completed" and one, 180
    )
    output = serving.client.get(f"/v1/files/{ended['output_file_id']}/content").text.splitlines()
    answers = [json.loads(line) for line in output]
    assert [int(one["custom_id"]) for one in answers] == places
    found = model.numbers([one["response"]["body"] for one in answers])
    assert found == [expected[place] for place in places]


def test_the_command_line(
    serving: Programs, model: Model, expected: list[tuple[float, ...]], tmp_path: Path
) -> None:
    """`scorelane score`, of a file in another order."""
    order = _RANDOM.permutation(ROWS)
    (tmp_path / "rows.csv").write_bytes(model.csv(order))
    main = "from scorelane.commands.main import main; main()"
    options = ["-o", "out.csv", "--url", str(serving.client.base_url), "--model", model.name]
    ended = subprocess.run(
        [sys.executable, "-c", main, "score", "rows.csv", *options, "--outputs", "all"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    with (tmp_path / "out.csv").open(newline="") as file:
        assert model.numbers(list(csv.DictReader(file))) == [expected[place] for place in order]
