"""Jobs over HTTP, from submission to deletion, in memory."""

import csv
import io
import json

import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"x" * (at % 50 + 1)) for at in range(40))


def test_apitest(service: Service) -> None:
    """The article's first address returns the text that the article expects."""
    assert service.client.get("/apitest").text == "API working"


def test_an_empty_answer_has_no_content_type(service: Service) -> None:
    """For example the answer to a delete."""
    answer = service.client.delete(service.submit(CSV).location)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_an_accepted_job(service: Service) -> None:
    """A submission is a 202 with the job, its address and a `Retry-After`."""
    answer = service.submit(CSV)
    assert answer.status_code == 202
    job = answer.json
    assert answer.location == f"/jobs/{job['id']}" == job["links"]["self"]
    assert answer.headers["Retry-After"] == "1"
    assert job["state"] == "queued"
    assert job["model"] == {"name": "length", "version": "000000000001"}
    assert job["rows"] == {"total": None, "completed": 0, "failed": 0}
    assert (job["progress"], job["eta_seconds"], job["started_at"]) == (0.0, None, None)
    assert job["created_at"].endswith("Z")


def test_rows_come_back_in_order(service: Service) -> None:
    """Every row of the file is in the results once, in its place, with its score."""
    rows = service.scored(CSV)
    assert rows == [
        {"ref": f"r{at}", "Sentiment_Score": length_score("x" * (at % 50 + 1)), "error": None}
        for at in range(40)
    ]


def test_results_as_csv(service: Service) -> None:
    """The CSV has a header, and its floats are equal when they are read back."""
    accepted = service.submit(b"ref,text\n1,abc\n2,\n")
    service.work()
    answer = service.client.get(f"{accepted.location}/results")
    assert answer.mimetype == "text/csv"
    assert f"{accepted.json['id']}.csv" in answer.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["ref", "Sentiment_Score", "error"],
        ["1", "0.03", ""],
        ["2", "", "the text is empty"],
    ]


def test_a_job_that_has_succeeded(service: Service) -> None:
    """The counts add up, the progress is 1 and no time remains."""
    accepted = service.submit(CSV + b"bad,\n")
    service.work()
    answer = service.client.get(accepted.location)
    job = answer.json
    assert job["state"] == "succeeded"
    assert job["rows"] == {"total": 41, "completed": 40, "failed": 1}
    assert (job["progress"], job["eta_seconds"]) == (1.0, 0.0)
    assert job["rows_per_second"] > 0
    assert "Retry-After" not in answer.headers
    assert job["detail"] == "Done: 40 rows have a score, 1 an error."


def test_progress_half_way(service: Service) -> None:
    """While parts are scored, the job has a progress, a rate and a remaining time."""
    accepted = service.submit(CSV)
    service.dispatch.messages.rotate(-1)
    for _ in range(4):  # split, and three of the ten parts of four rows
        service.step()
    answer = service.client.get(accepted.location)
    job = answer.json
    assert job["state"] == "running"
    assert job["rows"] == {"total": 40, "completed": 12, "failed": 0}
    assert job["progress"] == pytest.approx(0.3)
    assert job["eta_seconds"] is not None
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_page_of_results(service: Service) -> None:
    """A page of JSON may span parts, and says where the next page begins."""
    accepted = service.submit(CSV)
    service.work()
    url = f"{accepted.location}/results?format=json"
    page = service.client.get(f"{url}&offset=2&limit=7").json
    assert [row["ref"] for row in page["rows"]] == [f"r{at}" for at in range(2, 9)]
    assert (page["offset"], page["total"], page["next_offset"]) == (2, 40, 9)
    last = service.client.get(f"{url}&offset=38").json
    assert [row["ref"] for row in last["rows"]] == ["r38", "r39"]
    assert last["next_offset"] is None
    assert service.client.get(f"{url}&offset=99").json["rows"] == []


def test_json_by_accept(service: Service) -> None:
    """A client that accepts JSON gets a page of it."""
    accepted = service.submit(CSV)
    service.work()
    headers = {"Accept": "application/json"}
    answer = service.client.get(f"{accepted.location}/results", headers=headers)
    assert len(answer.json["rows"]) == 40


@pytest.mark.parametrize("rows", [3, 20])
@pytest.mark.parametrize("form", ["columns", "records", "string"])
def test_json_jobs(service: Service, rows: int, form: str) -> None:
    """Columns, records and JSON in a string are scored, as small jobs and as bulk jobs."""
    refs, texts = list(range(rows)), ["y" * (at + 1) for at in range(rows)]
    body: object = {"ref": refs, "text": texts}
    if form == "records":
        body = [{"ref": ref, "text": text} for ref, text in zip(refs, texts, strict=True)]
    if form == "string":
        body = json.dumps(body)
    accepted = service.client.post("/jobs", json=body)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json["rows"]["total"] == (rows if rows <= 5 else None)
    service.work()
    found = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [row["ref"] for row in found] == [str(ref) for ref in refs]
    assert [row["Sentiment_Score"] for row in found] == [length_score(text) for text in texts]
    paged = service.client.get(f"{accepted.location}/results?format=json&offset=1&limit=1")
    assert [row["ref"] for row in paged.json["rows"]] == ["1"]


@pytest.mark.parametrize("first", ["file", "options"])
def test_a_form(service: Service, first: str) -> None:
    """A file in a form is read with the form's options, whichever comes first."""
    file = {"file": (io.BytesIO(b"id,review\n7,four\n"), "reviews.csv")}
    options = {"model": "length", "text_column": "review", "ref_column": "id"}
    form = {**file, **options} if first == "file" else {**options, **file}
    accepted = service.client.post("/jobs", data=form)
    assert accepted.status_code == 202, accepted.text
    service.work()
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert rows == [{"ref": "7", "Sentiment_Score": 0.04, "error": None}]


def test_rows_without_a_ref_column_are_numbered(service: Service) -> None:
    """Without refs, a row's ref is its number, counted from 1 through all parts."""
    content = b"text,other\n" + b"abc,z\n" * 30
    assert [row["ref"] for row in service.scored(content)] == [str(at) for at in range(1, 31)]


def test_equal_uploads_are_cut_alike(service: Service) -> None:
    """A part has as many rows as the model scores in `part_seconds`."""
    service.scored(CSV)
    assert service.model.calls == [4] * 10


def test_a_short_upload_is_cut_for_all_processes(service: Service) -> None:
    """A short job is cut finer, so that every process has some of it."""
    service.fleet._processes = 3
    service.scored(b"text\n" + b"a\n" * 24)
    assert service.model.calls == [2] * 12


def test_the_list_of_jobs(service: Service) -> None:
    """Jobs are listed a page at a time, the newest first."""
    ids = [service.submit(b"text\na\n").json["id"] for _ in range(3)]
    newest = sorted(ids, reverse=True)
    page = service.client.get("/jobs?limit=2").json
    assert [job["id"] for job in page["jobs"]] == newest[:2]
    rest = service.client.get(f"/jobs?limit=2&cursor={page['next']}").json
    assert [job["id"] for job in rest["jobs"]] == newest[2:]
    assert rest["next"] is None


def test_cancel(service: Service) -> None:
    """A cancelled job is not scored any further, and has no results."""
    accepted = service.submit(CSV)
    answer = service.client.post(f"{accepted.location}/cancel")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    service.work()
    assert service.model.calls == []
    assert service.client.get(accepted.location).json["state"] == "cancelled"
    assert service.client.get(f"{accepted.location}/results").status_code == 409


def test_cancel_while_it_is_scored(service: Service) -> None:
    """After a cancel, no further part is put into a lane."""
    accepted = service.submit(CSV)
    service.pipeline.split(accepted.json["id"])
    service.client.post(f"{accepted.location}/cancel")
    service.work()
    assert service.model.calls == []


def test_delete_erases_everything(service: Service) -> None:
    """After a delete, neither the job nor any blob of it exists."""
    accepted = service.submit(CSV)
    service.work()
    assert service.client.delete(accepted.location).status_code == 204
    assert service.client.get(accepted.location).status_code == 404
    assert service.client.delete(accepted.location).status_code == 404
    assert service.blobs.contents == {}


def test_delete_while_it_is_scored(service: Service) -> None:
    """Work that is done after a delete leaves no blob."""
    accepted = service.submit(CSV)
    service.pipeline.split(accepted.json["id"])
    service.client.delete(accepted.location)
    service.work()
    assert service.blobs.contents == {}
    assert service.client.get("/jobs").json["jobs"] == []


def test_the_upload_goes_when_the_job_has_succeeded(service: Service) -> None:
    """Only the results and the manifest are kept."""
    service.scored(CSV)
    assert not any("upload" in key for key in service.blobs.contents)
    assert any("/results/" in key for key in service.blobs.contents)


def test_models(service: Service) -> None:
    """The announced models are listed, with the number of processes that serve them."""
    [model] = service.client.get("/models").json["models"]
    assert (model["name"], model["version"]) == ("length", "000000000001")
    assert (model["processes"], model["default"], model["rows_per_second"]) == (1, True, 10)


def test_health(service: Service) -> None:
    """The API is alive without workers, and ready with one."""
    assert service.client.get("/readyz").status_code == 200
    service.fleet.leave("all")
    assert service.client.get("/livez").status_code == 200
    assert service.client.get("/readyz").status_code == 503
