"""Uploads in formats other than CSV, scored by the real programs."""

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.programs import Programs, check_rows, many_rows

pytestmark = pytest.mark.stack


def parquet(refs: list[str], texts: list[str]) -> bytes:
    file = io.BytesIO()
    table = pa.table({"stars": list(range(len(refs))), "ref": refs, "text": texts})
    pq.write_table(table, file, row_group_size=4_000)
    return file.getvalue()


def ndjson(refs: list[str], texts: list[str]) -> bytes:
    rows = zip(refs, texts, range(len(refs)), strict=True)
    lines = [json.dumps({"ref": ref, "text": text, "stars": at}) for ref, text, at in rows]
    return gzip.compress("\n".join(lines).encode())


@pytest.mark.parametrize(("write", "name"), [(parquet, "r.parquet"), (ndjson, "r.jsonl.gz")])
def test_every_row_comes_back_once_in_its_place(service: Programs, write: Any, name: str) -> None:
    """Every row comes back once with its score and its carried column; the upload is deleted."""
    _, sent = many_rows(20_000)
    content = write(list(sent["ref"]), list(sent["text"]))
    answer = service.client.post(
        "/jobs", files={"file": (name, content)}, params={"columns": "stars", "model": "fast"}
    )
    assert answer.status_code == 202, answer.text
    location = answer.headers["Location"]
    job = service.wait_for_end(location)
    assert job["rows"] == {"total": 20_000, "completed": 20_000, "failed": 0}, job["error"]
    found = service.results(location)
    assert list(found.pop("stars").astype(int)) == list(range(20_000))
    check_rows(found, sent)
    folder = service.folder / "blobs/jobs" / location.rpartition("/")[2]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "results"]


def test_an_export_is_read_as_its_guesses_say(service: Programs) -> None:
    """Semicolons, Windows-1252 and other names: a dry run of the beginning guesses the options,
    and a job with them scores every row.
    """
    refs = [f"id-{number}" for number in range(20_000)]
    rows = "".join(f'{ref};"café; très bien, {ref}"\r\n' for ref in refs)
    content = f"Id;Review\r\n{rows}".encode("cp1252")
    dry = service.client.post(
        "/jobs",
        files={"file": ("export.csv", content[:100_001])},
        params={"validate": "true", "guess": "true", "total_bytes": len(content), "model": "fast"},
    )
    assert dry.status_code == 200, dry.text
    options = dry.json()["options"]
    assert options == {
        "model": "fast",
        "charset": "cp1252",
        "delimiter": "semicolon",
        "text_column": "Review",
        "ref_column": "Id",
    }
    assert dry.json()["first_rows"][0]["text"] == "café; très bien, id-0"
    assert dry.json()["estimate"]["rows"] == pytest.approx(20_000, rel=0.1)
    answer = service.client.post("/jobs", files={"file": ("e.csv", content)}, params=options)
    assert answer.status_code == 202, answer.text
    job = service.wait_for_end(answer.headers["Location"])
    assert job["rows"] == {"total": 20_000, "completed": 20_000, "failed": 0}, job["error"]
    assert list(service.results(answer.headers["Location"])["ref"]) == refs
