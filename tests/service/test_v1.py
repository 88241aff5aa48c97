"""The client of another API, pointed at the real service."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import openai
import pandas as pd
import psutil
import pytest
from openai import OpenAI
from support.pages import blocks
from support.programs import FAST, ROOT, Programs, kill, many_rows, programs
from support.waiting import wait_for

from shared.model import SCORE, TEXT, load_model

pytestmark = pytest.mark.stack

ENDPOINT: Any = "/v1/sentiment"


def test_the_openai_client(service: Programs) -> None:
    """Uploads, creates, polls, lists, downloads and deletes; every row has its own score.

    Whatever the size, the API holds little of it in memory.
    """
    _, sent = many_rows(100_000)
    requests = [
        {
            "custom_id": ref,
            "method": "POST",
            "url": ENDPOINT,
            "body": {"model": "fast", "input": text},
        }
        for ref, text in sent.itertuples(index=False)
    ]
    requests[5]["body"]["input"] = ""
    content = "".join(json.dumps(one) + "\n" for one in requests).encode()
    with OpenAI(base_url=f"{service.client.base_url}/v1", api_key="none") as client:
        file = client.files.create(file=("requests.jsonl", content), purpose="batch")
        assert file.bytes == len(content)
        batch = client.batches.create(
            input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", metadata={"run": "1"}
        )
        client.files.delete(file.id)
        done = wait_for(
            lambda: (one := client.batches.retrieve(batch.id)).status == "completed" and one
        )
        counts = done.request_counts
        assert counts
        assert (counts.total, counts.completed, counts.failed) == (100_000, 99_999, 1)
        assert batch.id in [one.id for one in client.batches.list(limit=1)]
        assert done.output_file_id
        assert done.error_file_id
        output = pd.DataFrame(
            {"ref": one["custom_id"], SCORE: one["response"]["body"][SCORE]}
            for one in map(json.loads, client.files.content(done.output_file_id).iter_lines())
        )
        [error] = client.files.content(done.error_file_id).text.splitlines()
        assert json.loads(error)["custom_id"] == sent["ref"][5]
        sent = sent.drop(5)
        assert output["ref"].tolist() == sent["ref"].tolist()
        expected = load_model(FAST).score(pd.DataFrame({TEXT: sent[TEXT].astype(object)}))[SCORE]
        assert abs(output[SCORE].to_numpy() - expected.to_numpy()).max() < 1e-9

        waiting = client.files.create(file=content[: content.index(b"\n")], purpose="batch")
        other = client.batches.create(
            input_file_id=waiting.id, endpoint=ENDPOINT, completion_window="24h"
        )
        try:
            assert client.batches.cancel(other.id).status == "cancelled"
        except openai.ConflictError:
            assert client.batches.retrieve(other.id).status == "completed"
    children = psutil.Process(service.api.pid).children()
    assert max(child.memory_info().rss for child in children) < 200 * 2**20


def test_a_batch_is_validated_although_api_and_worker_die(tmp_path: Path, sockets: Path) -> None:
    """If the API is killed after its answer, and the worker while it reads, each row comes once."""
    count = 150_000
    lines = (
        b'{"custom_id": "r%d", "method": "POST", "url": "/v1/sentiment", "body": '
        b'{"model": "fast", "input": "number %d"}}\n' % (at, at)
        for at in range(count)
    )
    with (
        programs(tmp_path, Path(tempfile.mkdtemp(dir=sockets)), processes="1") as service,
        OpenAI(base_url=f"{service.client.base_url}/v1", api_key="none") as client,
    ):
        worker = service.start_worker()
        service.wait_ready()
        file = client.files.create(file=("requests.jsonl", b"".join(lines)), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h"
        )
        kill(service.api)
        assert (batch.status, batch.in_progress_at) == ("validating", None)
        folder = service.folder / "blobs" / "jobs" / batch.id.removeprefix("batch_") / "rows"
        wait_for(folder.exists)
        kill(worker)
        assert not (folder / "all.ndjson").exists(), "the worker was quicker than this test"
        service.start_worker()
        service.start_api()
        done = wait_for(
            lambda: (one := client.batches.retrieve(batch.id)).status == "completed" and one, 60
        )
        assert done.output_file_id
        content = client.files.content(done.output_file_id)
        found = [json.loads(line)["custom_id"] for line in content.iter_lines()]
        assert found == [f"r{at}" for at in range(count)]


def test_the_example_of_the_page(
    service: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of the page work, with the file of requests that it shows."""
    page = ROOT / "docs/how-to/use-the-openai-client.md"
    [example] = [block for _, block in blocks(page) if "import OpenAI" in block]
    [line] = re.findall(r"'({\"custom_id\": \"r1\".*)'", page.read_text(), re.MULTILINE)[:1]
    (tmp_path / "requests.jsonl").write_text(f"{line}\n")
    monkeypatch.chdir(tmp_path)
    opened = []
    names: dict[str, Any] = {"open": lambda *how: opened.append(open(*how)) or opened[-1]}  # noqa: PTH123, SIM115
    exec(example.replace("http://127.0.0.1:5005", str(service.client.base_url)), names)  # noqa: S102  our own page
    names["client"].close()
    opened[0].close()
    [answer] = (tmp_path / "output.jsonl").read_text().splitlines()
    assert json.loads(answer)["custom_id"] == "r1"
