"""Kill -9 of workers that read and write Parquet: the job ends with every row once."""

import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.object_storage import ON_BOTH_APART
from support.programs import check_rows, kill, many_rows, programs
from support.s3_proxy import S3Proxy, s3_proxy
from support.waiting import wait_for

pytestmark = pytest.mark.faults

ROWS = 400_000


@contextmanager
def _before_the_store(
    stored: Mapping[str, str],
) -> Iterator[tuple[S3Proxy | None, Mapping[str, str]]]:
    """A proxy and the variables that lead to it, if the blobs are in object storage."""
    if not stored:
        yield None, stored
        return
    with s3_proxy(dict(stored)) as proxied:
        yield proxied


@ON_BOTH_APART
def test_kills_while_parquet_is_read_and_written(
    tmp_path: Path, sockets: Path, stored: Mapping[str, str]
) -> None:
    """A worker is killed while it cuts a Parquet upload, and another while it makes the file."""
    _, sent = many_rows(ROWS)
    upload = io.BytesIO()
    table = pa.table({"ref": list(sent["ref"]), "text": list(sent["text"])})
    pq.write_table(table, upload, row_group_size=50_000)
    own = Path(tempfile.mkdtemp(dir=sockets))
    with (
        _before_the_store(stored) as (proxy, variables),
        programs(tmp_path, own, env=dict(variables), processes="1") as service,
    ):
        worker = service.start_worker()
        service.wait_ready()
        answer = service.client.post(
            "/jobs",
            content=upload.getvalue(),
            params={"format": "parquet", "model": "fast"},
            headers={"Content-Type": "application/vnd.apache.parquet"},
        )
        location = answer.headers["Location"]
        blobs = location.removeprefix("/")

        wait_for(lambda: service.blob_count(f"{blobs}/rows/000002."))
        kill(worker)
        assert service.job(location)["rows"]["total"] is None, "it was split before the kill"

        worker = service.start_worker()
        # In object storage nothing is seen of a file before it is complete.
        if proxy:
            proxy.hold = "PUT", "/results.parquet"
            proxy.wait_for_held()
        else:
            wait_for(lambda: service.blob_count(f"{blobs}/.results.parquet."), 120)
        kill(worker)
        if proxy:
            proxy.drop()
        assert not service.blob_count(f"{blobs}/results.parquet"), "it was complete before the kill"
        assert service.job(location)["state"] == "running"

        service.start_worker()
        job = service.wait_for_end(location)
        assert job["state"] == "succeeded", job["error"]
        assert job["rows"] == {"total": ROWS, "completed": ROWS, "failed": 0}
        found = service.client.get(f"{location}/results").content
        check_rows(pd.read_parquet(io.BytesIO(found)).fillna({"error": ""}), sent)
