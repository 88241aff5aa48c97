"""What a client prefers (RFC 7240): to wait for the end of a job, or not to."""

from dataclasses import dataclass
from urllib.request import parse_http_list

from flask import Request

from api.schema.describe import Parameter
from api.services import Services
from shared.jobs.job import ENDED, Job

#: What a client may prefer, and what an answer says of it.
PREFER = Parameter(
    "Prefer",
    {"type": "string"},
    "`wait=N`: wait up to N seconds for the end of the job.",
    "header",
    "wait=10",
)
APPLIED = {"Preference-Applied": "The preference that was followed, if there was one."}


@dataclass(frozen=True)
class Preferences:
    """What of a `Prefer` is known here; anything else, and what is malformed, is passed over.

    Attributes:
        wait: for how many seconds at most; None: it was not said.
        respond_async: rather a 202 than a long wait.
    """

    wait: int | None = None
    respond_async: bool = False


_NONE = Preferences()


def preferences_of(request: Request) -> Preferences:
    """The preferences of a request; of two of a name the first one holds."""
    sent = request.headers.get("Prefer")
    if sent is None:
        return _NONE
    found: dict[str, str] = {}
    for one in parse_http_list(sent):
        # What is behind a semicolon are parameters; none are known.
        name, _, value = one.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = found.get("wait", "")
    is_number = wait.isascii() and wait.isdecimal() and len(wait) <= 9
    return Preferences(int(wait) if is_number else None, found.get("respond-async") == "")


def wait_for_end(at: Services, job: Job, preferred: Preferences) -> tuple[Job, int | None]:
    """Wait for the end of a job, if that is preferred, and there is a thread that may.

    Returns:
        The job as it stands then, and for how long it was waited at most; None: it was not.

    Raises:
        shared.errors.service.JobNotFound: it was deleted meanwhile.
    """
    if preferred.wait is None:
        return job, None
    if job.state in ENDED:
        return job, preferred.wait
    waited = at.job_waits.wait(job.spec.id, preferred.wait)
    return (job if waited is None else at.store.get(job.spec.id)), waited


def applied(waited: int | None, *, at_once: bool = False) -> str | None:
    """The `Preference-Applied` of an answer; None where no preference made a difference.

    Args:
        waited: for how many seconds at most the answer has waited; None: not at all.
        at_once: whether it came before the end, as it was preferred.
    """
    said = ["respond-async"] if at_once else []
    if waited is not None:
        said.append(f"wait={waited}")
    return ", ".join(said) or None
