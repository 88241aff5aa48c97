"""The terms of a job: what its results are kept in, and for how long; what it bears; its labels."""

import math
import re
from typing import Any, Literal

from api.requests.options import JobOptions
from shared.config.secrets import webhook_secrets
from shared.config.settings import Settings
from shared.errors.input import BadOption, NoCallbacks
from shared.webhooks.target import Allowed, find_target

#: Fields of a `shared.jobs.job.Spec`.
Terms = dict[str, Any]

#: Labels of a job, and how long they may be.
MAX_LABELS = 16
MAX_VALUE_CHARS = 256

#: Less than this, and the results might be gone before a client comes for them.
LEAST_RETENTION = 60

_KEY = re.compile(r"[A-Za-z0-9_./-]{1,64}")
_SHARE = re.compile(r"[01]|[01]?\.\d{1,9}")
_POLICIES = {"skip": 1.0, "fail": 0.0}


def terms_of(options: JobOptions, settings: Settings) -> Terms:
    """What of the options goes into the job's `Spec` as it is.

    Raises:
        shared.errors.input.BadOption: one of them has a value that cannot be.
    """
    if options.validate not in ("true", "false"):
        reason = "it must be true or false"
        raise BadOption(option="validate", value=options.validate[:80], reason=reason)
    return {
        "result_format": options.format,
        "tolerance": tolerance(options.on_error),
        "retention": retention(options.retention_seconds, settings),
        "labels": labels(options.label),
        "callback_url": callback_url(options.callback_url, settings),
    }


def callback_url(url: str | None, settings: Settings) -> str:
    """Where the job's end is told; empty: nowhere.

    Raises:
        shared.errors.input.NoCallbacks: nobody is called back here.
        shared.errors.input.BadCallback: it leads where it may not.
    """
    if url is None:
        return ""
    if not webhook_secrets(settings):
        raise NoCallbacks
    find_target(url, Allowed(settings.callback_allow))
    return url


def tolerance(on_error: str) -> float:
    """The share of bad rows above which a job fails: 1 for `skip`, 0 for `fail`.

    Raises:
        shared.errors.input.BadOption: it is none of them, and no share.
    """
    share = _POLICIES.get(on_error)
    if share is None and _SHARE.fullmatch(on_error):
        share = float(on_error)
    if share is None or share > 1:
        reason = "it must be skip, fail, or the share of bad rows above which the job fails: 0.05"
        raise BadOption(option="on_error", value=on_error[:80], reason=reason)
    return share


def said_of(share: float) -> Literal["skip", "fail"] | float:
    """A tolerance as it is asked for."""
    if share == 1:
        return "skip"
    return share or "fail"


def retention(seconds: str | None, settings: Settings) -> float | None:
    """For how long a job asks to be kept after its end.

    Raises:
        shared.errors.input.BadOption: it is no whole number, or more than may be.
    """
    if seconds is None:
        return None
    most = math.floor(settings.max_retention_seconds)
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12
    if not is_number or not LEAST_RETENTION <= int(seconds) <= most:
        reason = f"it must be a number from {LEAST_RETENTION} to {most:,}"
        raise BadOption(option="retention_seconds", value=seconds[:80], reason=reason)
    return float(seconds)


def labels(given: tuple[str, ...]) -> dict[str, str]:
    """The labels in `key:value` each.

    Raises:
        shared.errors.input.BadOption: one of them cannot be, or there are too many.
    """
    found: dict[str, str] = {}
    for text in given:
        key, value = label(text)
        if found.setdefault(key, value) != value:
            raise BadOption(option="label", value=text[:80], reason=f"'{key}' has two values")
    if len(found) > MAX_LABELS:
        reason = f"there are {len(found)}; a job has at most {MAX_LABELS}"
        raise BadOption(option="label", value=given[-1][:80], reason=reason)
    return found


def label(text: str) -> tuple[str, str]:
    """The key and the value in `key:value`.

    Raises:
        shared.errors.input.BadOption: it is none.
    """
    key, colon, value = text.partition(":")
    if not colon or not _KEY.fullmatch(key):
        reason = "write key:value; a key has up to 64 letters, digits and _ . / -"
    elif len(value) > MAX_VALUE_CHARS or not value.isprintable():
        reason = f"a value has up to {MAX_VALUE_CHARS} characters, all of them printable"
    else:
        return key, value
    raise BadOption(option="label", value=text[:80], reason=reason)
