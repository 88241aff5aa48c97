"""The terms of a job: result format, error policy, retention, labels and callback."""

import math
import re
from typing import Any, Literal

from api.requests.options import JobOptions
from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings
from shared.errors.input import BadOption, NoCallbacks
from shared.webhooks.target import Allowed, find_target

#: Fields of a `shared.jobs.spec.Spec`.
Terms = dict[str, Any]

#: The most labels of a job, and the most characters of a label's value.
MAX_LABELS = 16
MAX_VALUE_CHARS = 256

#: The shortest retention, in seconds: with less, results could expire before a client fetches them.
LEAST_RETENTION = 60

_KEY = re.compile(r"[A-Za-z0-9_./-]{1,64}")
_SHARE = re.compile(r"[01]|[01]?\.\d{1,9}")
_POLICIES = {"skip": 1.0, "fail": 0.0}


def terms_of(options: JobOptions, settings: Settings) -> Terms:
    """Return the fields of a job's `Spec` that follow from its options.

    Raises:
        shared.errors.input.BadOption: an option has a value that cannot be used.
        shared.errors.input.NoCallbacks: see `callback_url`.
        shared.errors.input.BadCallback: see `callback_url`.
    """
    if options.validate != "true":
        _check_no_dry_run(options)
    return {
        "result_format": options.format,
        "tolerance": tolerance(options.on_error),
        "priority": options.priority,
        "keep": options.keep,
        "retention": retention(options.retention_seconds, settings),
        "labels": labels(options.label),
        "callback_url": callback_url(options.callback_url, settings),
    }


def _check_no_dry_run(options: JobOptions) -> None:
    """Refuse the options that only a dry run has: a job reads a file as it is told, and whole."""
    if options.guess != "false":
        reason = (
            "only a dry run guesses; add validate=true, look at its answer, and submit the file "
            "with the options in it"
        )
        raise BadOption(option="guess", value=options.guess, reason=reason)
    if options.total_bytes is not None:
        reason = "only a dry run (validate=true) may be sent the beginning of a file"
        raise BadOption(option="total_bytes", value=str(options.total_bytes), reason=reason)


def callback_url(url: str | None, settings: Settings) -> str:
    """Check the address that is notified when the job ends; None becomes empty, for none.

    Raises:
        shared.errors.input.NoCallbacks: the service has no secret to sign callbacks with.
        shared.errors.input.BadCallback: the service does not call this address.
    """
    if url is None:
        return ""
    if not webhook_secrets(settings):
        raise NoCallbacks
    find_target(url, Allowed(settings.callback_allow))
    return url


def tolerance(on_error: str) -> float:
    """Parse `on_error` into the share of bad rows above which a job fails, from 0 to 1.

    Args:
        on_error: `skip` (1), `fail` (0) or a share.

    Raises:
        shared.errors.input.BadOption: the value is none of these.
    """
    share = _POLICIES.get(on_error)
    if share is None and _SHARE.fullmatch(on_error):
        share = float(on_error)
    if share is None or share > 1:
        reason = "it must be skip, fail, or the share of bad rows above which the job fails: 0.05"
        raise BadOption(option="on_error", value=on_error[:80], reason=reason)
    return share


def on_error_of(share: float) -> Literal["skip", "fail"] | float:
    """Return the value of `on_error` that `tolerance` parses into this share."""
    if share == 1:
        return "skip"
    return share or "fail"


def retention(seconds: str | None, settings: Settings) -> float | None:
    """Parse the seconds that a job is kept after its end; None: as the settings say.

    Raises:
        shared.errors.input.BadOption: the value is not a whole number from `LEAST_RETENTION` to
            the setting `max_retention_seconds`.
    """
    if seconds is None:
        return None
    most = math.floor(settings.max_retention_seconds)
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12
    if not is_number or not LEAST_RETENTION <= int(seconds) <= most:
        reason = f"it must be a number from {LEAST_RETENTION} to {most:,}"
        raise BadOption(option="retention_seconds", value=seconds[:80], reason=reason)
    return float(seconds)


def labels(values: tuple[str, ...]) -> dict[str, str]:
    """Parse labels, each `key:value`, into a dictionary.

    Raises:
        shared.errors.input.BadOption: a label is malformed, a key has two values, or there are too
            many labels.
    """
    found: dict[str, str] = {}
    for text in values:
        key, value = label(text)
        if found.setdefault(key, value) != value:
            raise BadOption(option="label", value=text[:80], reason=f"'{key}' has two values")
    if len(found) > MAX_LABELS:
        reason = f"there are {len(found)}; a job has at most {MAX_LABELS}"
        raise BadOption(option="label", value=values[-1][:80], reason=reason)
    return found


def label(text: str) -> tuple[str, str]:
    """Parse the label `key:value` into its key and its value.

    Raises:
        shared.errors.input.BadOption: the label is malformed.
    """
    key, colon, value = text.partition(":")
    if not colon or not _KEY.fullmatch(key):
        reason = "write key:value; a key has up to 64 letters, digits and _ . / -"
    elif len(value) > MAX_VALUE_CHARS or not value.isprintable():
        reason = f"a value has up to {MAX_VALUE_CHARS} characters, all printable"
    else:
        return key, value
    raise BadOption(option="label", value=text[:80], reason=reason)
