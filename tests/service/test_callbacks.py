"""Callbacks by the real programs."""

import base64
import tempfile
from pathlib import Path

import pytest
from support.programs import kill, many_rows, programs
from support.receiver import receiving
from support.waiting import wait_for

pytestmark = pytest.mark.stack

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"


def test_a_callback_outlives_the_worker_that_tried_it(tmp_path: Path, sockets: Path) -> None:
    """If a worker is killed between two attempts, the next worker delivers the same message.

    A job that is cancelled while no worker runs has its callback too.
    """
    (tmp_path / "secrets").write_text(SECRET)
    chosen = {
        "webhook_secrets_file": str(tmp_path / "secrets"),
        "callback_allow": "127.0.0.0/8,::1",
        "callback_backoff_seconds": "1",
        "processes": "1",
    }
    own = Path(tempfile.mkdtemp(dir=sockets))
    with receiving() as receiver, programs(tmp_path, own, **chosen) as running:
        worker = running.start_worker()
        running.wait_ready()
        receiver.answers.append((500, {}))
        content, _ = many_rows(2000)
        location = running.submit(content, callback_url=receiver.url)
        job = wait_for(lambda: (one := running.job(location))["callback"]["last_error"] and one)
        assert (job["state"], job["callback"]["state"]) == ("succeeded", "pending")
        kill(worker)
        cancelled = running.submit(content, callback_url=receiver.url)
        assert running.client.post(f"{cancelled}/cancel").json()["callback"]["state"] == "pending"
        running.start_worker()
        for one in (location, cancelled):
            wait_for(lambda one=one: running.job(one)["callback"]["state"] == "delivered")
    messages = [receiver.verified(SECRET, at) for at in range(len(receiver.got))]
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    done = [at for at, one in enumerate(messages) if one["type"] == "job.succeeded"]
    assert len(done) == 2
    assert len({ids[at] for at in done}) == 1
    assert [one["data"]["id"] for one in messages if one["type"] == "job.cancelled"] == [
        cancelled.removeprefix("/jobs/")
    ]
