"""What a job carries through is in its results, behind the columns that all results have."""

import time

from in_memory import Service

from shared.job import NDJSON, Job, Part, Spec, State, new_job_id
from shared.tables.results import render


def made_job(service: Service) -> str:
    """A job of two parts that has ended, and carries two columns; the address of its results."""
    spec = Spec(
        id=new_job_id(), model="length", version="000000000001", kind="bulk", layout=NDJSON, size=9,
        columns=("stars", "a,b"),
    )  # fmt: skip
    parts = [Part(offset=0, length=1, first_row=at, rows=1) for at in range(2)]
    service.blobs.put(spec.result_key(0), render(["x"], [0.5], [None], [["5"], ["=1+1"]]))
    service.blobs.put(spec.result_key(1), render(["y"], [None], ["why"], [["007"], [""]]))
    now = time.time()
    job = Job(
        spec=spec, state=State.SUCCEEDED, created_at=now, finished_at=now, total=2, completed=1,
        failed=1,
    )  # fmt: skip
    service.store.restore(job, parts)
    return f"/jobs/{spec.id}/results"


def test_carried_columns_in_a_download(service: Service) -> None:
    """The CSV names them and has their cells in each row, safe for a spreadsheet."""
    answer = service.client.get(made_job(service))
    assert answer.text == (
        'ref,Sentiment_Score,error,stars,"a,b"\n'
        "x,0.5,,5,'=1+1\n"
        "y,,why,007,\n"
    )  # fmt: skip
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_carried_columns_in_a_page(service: Service) -> None:
    """Rows of JSON have them as further keys, with each cell as it was sent."""
    page = service.client.get(f"{made_job(service)}?format=json&offset=0&limit=2").json
    assert page["rows"] == [
        {"ref": "x", "Sentiment_Score": 0.5, "error": None, "stars": "5", "a,b": "=1+1"},
        {"ref": "y", "Sentiment_Score": None, "error": "why", "stars": "007", "a,b": ""},
    ]
