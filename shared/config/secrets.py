"""The secrets that callbacks are signed with, as the settings hold them."""

import base64
import binascii

from shared.config.settings import Settings
from shared.errors.service import BadWebhookSecret

_PREFIX = "whsec_"

#: The least and the most bytes of a secret, by the specification of Standard Webhooks.
_LEAST, _MOST = 24, 64


def webhook_secrets(settings: Settings) -> list[bytes]:
    """The secrets that callbacks are signed with; without any, the service sends no callbacks.

    The file is read at each call, so that it can be changed while the service runs.

    Raises:
        shared.errors.service.BadWebhookSecret: one of them is not a secret.
        OSError: the file cannot be read.
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
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        secret = b""
    if not text.startswith(_PREFIX) or not _LEAST <= len(secret) <= _MOST:
        raise BadWebhookSecret(number=number, where=where)
    return secret
