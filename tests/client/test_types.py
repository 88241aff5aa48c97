"""A type checker sees each call with the types of the client that it is called on."""

import subprocess
import sys
from pathlib import Path

CODE = """
from collections.abc import AsyncGenerator, Generator
from typing import Any, assert_type

from scorelane import AsyncClient, AsyncJob, Client, Event, Job


def blocking(client: Client) -> None:
    job = client.submit("reviews.csv", model="fast", labels={"a": "1"})
    assert_type(job, Job)
    assert_type(job.wait(timeout=3), Job)
    assert_type(client.jobs(), Generator[Job, None, None])
    assert_type(job.rows(), Generator[dict[str, Any], None, None])
    assert_type(next(job.events()).job, Job)
    assert_type(client.models(), list[dict[str, Any]])


async def awaited(client: AsyncClient) -> None:
    job = await client.submit("reviews.csv")
    assert_type(job, AsyncJob)
    assert_type(await job.wait(), AsyncJob)
    assert_type(client.jobs(limit=1), AsyncGenerator[AsyncJob, None])
    assert_type(await client.wait(job.id), AsyncJob)
    assert_type(client.events(job), AsyncGenerator[Event[AsyncJob], None])
    assert_type(await job.summary(), dict[str, Any])


def wrong(client: Client, job: Job) -> None:
    client.submit("reviews.csv", txet_column="x")  # type: ignore[call-arg]
    client.wait(7)  # type: ignore[arg-type]
    job.wait(job)  # type: ignore[arg-type]
"""


def test_types(tmp_path: Path) -> None:
    """The checker infers blocking and awaited types, and finds wrong arguments."""
    path = tmp_path / "user.py"
    path.write_text(CODE, encoding="utf-8")
    root = Path(__file__).resolve().parent.parent.parent
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            "",
            "--strict",
            "--follow-imports=silent",
            path,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert found.returncode == 0, found.stdout
