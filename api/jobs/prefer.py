"""`Prefer` (RFC 7240): a client that wants to wait for the end of a job, or does not."""

from dataclasses import dataclass
from urllib.request import parse_http_list

from flask import Request

from api.schema.describe import Parameter
from api.security.access import current_key_check
from api.security.errors import UnknownKey
from api.services import Services
from shared.jobs.job import Job
from shared.jobs.state import ENDED

PREFER = Parameter(
    "Prefer",
    {"type": "string"},
    "`wait=N`: wait up to N seconds for the end of the job.",
    "header",
    "wait=10",
)
APPLIED = {"Preference-Applied": "The preference that was followed, if any."}


@dataclass(frozen=True)
class Preferences:
    """The preferences of a request that this service knows; others are ignored.

    Attributes:
        wait: how many seconds to wait at most; None: not given.
        respond_async: prefer a 202 at once to a long wait.
    """

    wait: int | None = None
    respond_async: bool = False


_NONE = Preferences()


def preferences_of(request: Request) -> Preferences:
    """Parse the preferences of a request.

    Malformed preferences are ignored. If a name is given twice, the first one counts.
    """
    header = request.headers.get("Prefer")
    if header is None:
        return _NONE
    found: dict[str, str] = {}
    for preference in parse_http_list(header):
        # Parameters follow a semicolon; none are known.
        name, _, value = preference.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = found.get("wait", "")
    is_number = wait.isascii() and wait.isdecimal() and len(wait) <= 9
    return Preferences(int(wait) if is_number else None, found.get("respond-async") == "")


def wait_for_end(at: Services, job: Job, preferences: Preferences) -> tuple[Job, int | None]:
    """Wait for the end of a job, if the client prefers it and a thread is free for it.

    Returns:
        The job in its new state, and the seconds after which the wait would have ended; None if
        there was no wait.

    Raises:
        shared.errors.service.JobNotFound: the job was deleted during the wait.
        api.security.errors.UnknownKey: the client's key was withdrawn during the wait.
    """
    if preferences.wait is None:
        return job, None
    if job.state in ENDED:
        return job, preferences.wait
    waited = at.job_waits.wait(job.spec.id, preferences.wait)
    if waited is None:
        return job, None
    if not current_key_check()():
        raise UnknownKey
    return at.store.get(job.spec.id), waited


def applied(waited: int | None, *, at_once: bool = False) -> str | None:
    """Return the `Preference-Applied` of an answer; None if no preference made a difference.

    Args:
        waited: the longest wait in seconds, as `wait_for_end` returned it; None: no wait.
        at_once: whether the answer came before the end of the job, as `respond-async` prefers.
    """
    preferences = ["respond-async"] if at_once else []
    if waited is not None:
        preferences.append(f"wait={waited}")
    return ", ".join(preferences) or None
