"""Kill -9 of workers that read and write Parquet: the job ends with every row once."""

import io
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.programs import check_rows, kill, many_rows, programs
from support.waiting import wait_for

pytestmark = pytest.mark.faults

ROWS = 400_000


def test_kills_while_parquet_is_read_and_written(tmp_path: Path, sockets: Path) -> None:
    """A worker is killed while it cuts a Parquet upload, and another while it makes the file."""
    _, sent = many_rows(ROWS)
    upload = io.BytesIO()
    table = pa.table({"ref": list(sent["ref"]), "text": list(sent["text"])})
    pq.write_table(table, upload, row_group_size=50_000)
    own = Path(tempfile.mkdtemp(dir=sockets))
    with programs(tmp_path, own, processes="1") as service:
        worker = service.start_worker()
        service.wait_ready()
        answer = service.client.post(
            "/jobs",
            content=upload.getvalue(),
            params={"format": "parquet", "model": "fast"},
            headers={"Content-Type": "application/vnd.apache.parquet"},
        )
        location = answer.headers["Location"]
        folder = service.folder / "blobs" / location.removeprefix("/")

        wait_for((folder / "rows" / "000002.ndjson").exists)
        kill(worker)
        assert service.job(location)["rows"]["total"] is None, "it was split before the kill"

        worker = service.start_worker()
        wait_for(lambda: list(folder.glob(".results.parquet.*")), 120)
        kill(worker)
        assert not (folder / "results.parquet").exists(), "the file was complete before the kill"
        assert service.job(location)["state"] == "running"

        service.start_worker()
        job = service.wait_for_end(location)
        assert job["state"] == "succeeded", job["error"]
        assert job["rows"] == {"total": ROWS, "completed": ROWS, "failed": 0}
        found = service.client.get(f"{location}/results").content
        check_rows(pd.read_parquet(io.BytesIO(found)).fillna({"error": ""}), sent)
