"""The service from a user's view: real Redis, real worker processes, real HTTP."""

import json
import socket
import subprocess
import sys

import pandas as pd
import psutil
import pytest
from support.programs import FAST, ROOT, Programs, check_rows, many_rows
from support.waiting import wait_for

from shared.card import write_card
from shared.model import SCORE, TEXT, load_model

pytestmark = pytest.mark.stack


def test_every_row_comes_back_once_in_its_place(service: Programs) -> None:
    """A bulk job returns every row in the upload's order, with the score computed in process."""
    content, sent = many_rows(30_000)
    location = service.submit(content, model="fast")
    job = service.wait_for_end(location)
    assert job["state"] == "succeeded"
    assert job["rows"] == {"total": 30_000, "completed": 30_000, "failed": 0}
    check_rows(service.results(location), sent)


def test_many_jobs_at_once(service: Programs) -> None:
    """Concurrent jobs do not mix their rows."""
    jobs = []
    for count in (1, 700, 9000, 2):
        content, sent = many_rows(count)
        jobs.append((service.submit(content), sent))
    for location, sent in jobs:
        assert service.wait_for_end(location)["state"] == "succeeded"
        check_rows(service.results(location), sent)


@pytest.mark.keras
@pytest.mark.parametrize("model", ["fast", "deep"])
def test_the_articles_client(service: Programs, model: str) -> None:
    """The article's request, JSON in a JSON string, gets a positive score for "I am well"."""
    data = {"ref": [1], "text": ["I am well"]}
    for body in (data, json.dumps(data)):
        answer = service.client.post("/sentiment", json=body, params={"model": model})
        assert answer.status_code == 200, answer.text
        [row] = answer.json()
        assert list(row) == ["ref", SCORE]
        assert row["ref"] == 1
        assert 0.5 < row[SCORE] <= 1


@pytest.mark.keras
def test_the_deep_model_scores_in_bulk_as_in_process(service: Programs) -> None:
    """Bulk rows of the Keras model get the scores computed in process, to 1e-5."""
    content, sent = many_rows(3000)
    location = service.submit(content, model="deep")
    assert service.wait_for_end(location)["state"] == "succeeded"
    found = service.results(location)
    assert found["ref"].tolist() == sent["ref"].tolist()
    few = pd.DataFrame({TEXT: sent[TEXT].astype(object)[:200]})
    expected = load_model(ROOT / "models" / "deep").score(few)[SCORE]
    assert (found[SCORE][:200] - expected).abs().max() < 1e-5


def test_answers_keep_order_types_and_characters(service: Programs) -> None:
    """POST /sentiment keeps the order of the request, and returns refs unchanged and unescaped."""
    body = [{"ref": "\u00e9\u4e16", "text": "good"}, {"ref": 7, "text": ""}, {"text": "bad"}]
    answer = service.client.post("/sentiment", json=body)
    assert "\u00e9\u4e16" in answer.text
    rows = answer.json()
    assert [row["ref"] for row in rows] == ["\u00e9\u4e16", 7, 3]
    assert rows[0][SCORE] > rows[2][SCORE]
    assert (rows[1][SCORE], rows[1]["error"]) == (None, "the text is empty")
    assert service.client.get("/jobs", params={"limit": 1000}).text.count('"total":3,') == 0


def test_a_small_job_is_answered_through_the_doorbell(service: Programs) -> None:
    """A few JSON rows become a job that is polled and downloaded like any other."""
    answer = service.client.post("/jobs", json={"ref": [1, 2], "text": ["good", "bad"]})
    location = answer.headers["Location"]
    assert service.wait_for_end(location)["state"] == "succeeded"
    assert service.results(location)["ref"].tolist() == ["1", "2"]


def test_cancel_and_delete_a_running_job(service: Programs) -> None:
    """A running job can be cancelled, and deleted with all its data."""
    content, _ = many_rows(150_000)
    location = service.submit(content, model="deep")
    service.wait_for_rows(location, 1)
    assert service.client.post(f"{location}/cancel").json()["state"] == "cancelled"
    assert service.client.delete(location).status_code == 204
    assert service.client.get(location).status_code == 404
    folder = service.folder / "blobs" / location.strip("/")
    # If a part is being scored at that moment, its worker deletes the results later.
    wait_for(lambda: not any(folder.rglob("*")))


@pytest.mark.parametrize("form", ["length", "chunked", "multipart"])
def test_an_upload_that_breaks_off_leaves_nothing(service: Programs, form: str) -> None:
    """If a client dies during an upload, its data is removed, and the log has no traceback."""
    head = {
        "length": "Content-Type: text/csv\r\nContent-Length: 9000000\r\n\r\ntext\n",
        "chunked": "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntext\n\r\n",
        "multipart": "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n"
        "\r\n--b\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\ntext\n"
        # More than one read: nothing of a form is stored before its file begins.
        + "a row of it\n"
        * 200_000,
    }[form]
    blobs = service.folder / "blobs" / "jobs"
    before = set(blobs.iterdir()) if blobs.exists() else set()
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(f"POST /jobs HTTP/1.1\r\nHost: localhost\r\n{head}".encode())
        folders = wait_for(lambda: blobs.exists() and set(blobs.iterdir()) - before)
    wait_for(lambda: not any(folder.exists() for folder in folders))
    assert "Traceback" not in (service.folder / "api.log").read_text()


def test_the_workers_announce_themselves(service: Programs) -> None:
    """Both models are listed with the processes that serve them."""
    models = {model["name"]: model for model in service.client.get("/models").json()["models"]}
    assert set(models) == {"fast", "deep"}
    assert wait_for(
        lambda: [m["processes"] for m in service.client.get("/models").json()["models"]] == [2, 2]
    )
    assert models["fast"]["rows_per_second"] > 0


def test_the_api_loads_no_runtime_and_no_worker() -> None:
    """The API's process imports neither TensorFlow, scikit-learn, pandas nor the worker."""
    code = """
import sys, api.wsgi
never = {"tensorflow", "keras", "sklearn", "numpy", "pandas", "worker", "scoring"}
loaded = never & set(sys.modules)
sys.exit(f"loaded: {loaded}" if loaded else 0)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_tensorflow_is_loaded_only_where_a_keras_model_is_served(fragile: Programs) -> None:
    """A worker that serves only `fast` imports neither TensorFlow nor Flask."""
    worker = fragile.start_worker()
    fragile.wait_ready()
    children = psutil.Process(worker.pid).children(recursive=True)
    assert len(children) == 2
    for process in (psutil.Process(worker.pid), *children):
        mapped = " ".join(area.path for area in process.memory_maps())
        assert "tensorflow" not in mapped
    assert any("sklearn" in area.path for area in children[0].memory_maps())


def test_a_worker_names_the_fault_of_its_model(fragile: Programs) -> None:
    """A worker with a changed model file ends at once, and its last line gives the reason."""
    models = fragile.folder / "models" / "fast"
    models.mkdir(parents=True)
    for file in FAST.iterdir():
        (models / file.name).write_bytes(file.read_bytes())
    with (models / "model.pkl").open("ab") as file:
        file.write(b"x")
    fragile.env["SCORELANE_MODELS_DIR"] = str(models.parent)
    worker = fragile.start_worker()
    assert worker.wait(60) != 0
    assert "is not the file that its card names" in (fragile.folder / "worker.log").read_text()


def test_a_worker_that_cannot_load_a_model_ends_with_an_error(fragile: Programs) -> None:
    """A worker with a file that is no model ends with an error status and the reason."""
    folder = fragile.folder / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "model.pkl").write_bytes(b"not a pickle")
    write_card(folder, name="mine", format="pkl", files=["model.pkl"])
    fragile.env |= {"SCORELANE_MODELS_DIR": str(folder.parent), "SCORELANE_SERVE": ""}
    worker = fragile.start_worker()
    assert worker.wait(60) == 1
    log = (fragile.folder / "worker.log").read_text()
    assert "the worker stops" in log
    assert "it cannot be unpickled" in log
