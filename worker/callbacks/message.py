"""The body of a callback and its signature, by Standard Webhooks (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json

from shared.jobs.job import Job
from shared.telemetry.timestamps import rfc3339

#: Begins the description of a row in a job's error; `too_many_errors` in the prelude writes it.
_FIRST_ROW = " The first found is "


def message_id(job: Job) -> str:
    """The id of the message that a job has ended; it is the same at each attempt."""
    return f"msg_{job.spec.id}_{job.state}"


def message(job: Job) -> bytes:
    """The body of the callback: all facts about a job that has ended, except its rows."""
    path, spec = f"/jobs/{job.spec.id}", job.spec
    ended = rfc3339(job.finished_at or job.created_at)
    content = {
        "type": f"job.{job.state}",
        "timestamp": ended,
        "data": {
            "id": spec.id,
            "state": job.state,
            "owner": spec.owner or None,
            "model": {"name": spec.model, "version": spec.version},
            "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
            "created_at": rfc3339(job.created_at),
            "started_at": None if job.started_at is None else rfc3339(job.started_at),
            "finished_at": ended,
            "error": _without_row(job.error),
            "labels": spec.labels,
            "links": {"self": path, "results": f"{path}/results"},
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _without_row(error: str | None) -> str | None:
    """The error of a job without the row that it may describe: a ref may be a name."""
    return error and error.partition(_FIRST_ROW)[0]


def signed_headers(secrets: list[bytes], message_id: str, at: float, body: bytes) -> dict[str, str]:
    """The headers of a callback: the id of its message, its time, and a signature by each secret.

    Args:
        secrets: all secrets that receivers may have at present.
        message_id: the id of the message.
        at: the time of sending, in seconds since the epoch.
        body: the body.
    """
    timestamp = str(int(at))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }
