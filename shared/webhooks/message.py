"""What a callback says, and its signature: Standard Webhooks, https://www.standardwebhooks.com."""

import base64
import binascii
import hashlib
import hmac
import json

from shared.config.settings import Settings
from shared.errors.service import BadWebhookSecret
from shared.jobs.job import Job
from shared.telemetry.timestamps import rfc3339

_PREFIX = "whsec_"

#: Bytes of a secret, as the specification has it.
_LEAST, _MOST = 24, 64


def webhook_secrets(settings: Settings) -> list[bytes]:
    """The secrets that callbacks are signed with; none: there are no callbacks here.

    They are read anew each time, so that a file of them can be changed under a running service.

    Raises:
        shared.errors.service.BadWebhookSecret: one of them is none.
        OSError: their file cannot be read.
    """
    given = settings.webhook_secrets.get_secret_value().replace(";", "\n")
    secrets = _secrets(given, "SCORELANE_WEBHOOK_SECRETS")
    if path := settings.webhook_secrets_file:
        secrets += _secrets(path.read_text(), str(path))
    return secrets


def _secrets(text: str, where: str) -> list[bytes]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [_secret(line, number, where) for number, line in enumerate(filter(None, lines), 1)]


def _secret(text: str, number: int, where: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):  # the second one: of what is not ASCII
        secret = b""
    if not text.startswith(_PREFIX) or not _LEAST <= len(secret) <= _MOST:
        raise BadWebhookSecret(number=number, where=where)
    return secret


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
