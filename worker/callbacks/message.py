"""What a callback says, and its signature: Standard Webhooks, https://www.standardwebhooks.com."""

import base64
import hashlib
import hmac
import json

from shared.jobs.job import Job
from shared.telemetry.timestamps import rfc3339


def message_id(job: Job) -> str:
    """The id of the message that a job has ended: at each attempt the same."""
    return f"msg_{job.spec.id}_{job.state}"


def message(job: Job) -> bytes:
    """What is said of the end of a job: all that is known of it but its rows and its address."""
    path, spec = f"/jobs/{job.spec.id}", job.spec
    ended = rfc3339(job.finished_at or job.created_at)
    said = {
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
            "error": job.error,
            "labels": spec.labels,
            "links": {"self": path, "results": f"{path}/results"},
        },
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(secrets: list[bytes], message_id: str, at: float, body: bytes) -> dict[str, str]:
    """The headers that say which message this is and that it is ours, one signature a secret.

    Args:
        secrets: all that receivers may have at present.
        message_id: of the message.
        at: when it is sent, in seconds since the epoch.
        body: the message.
    """
    timestamp = str(int(at))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }
