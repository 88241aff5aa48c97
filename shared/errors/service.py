"""What an error is, and what can go wrong in the service, in words.

No HTTP here: `api.errors` maps these to statuses. What is wrong with what was sent is in
`shared.errors.input`, with a model in `shared.errors.model`.
"""

import inspect
import re
from typing import Any


class ScorelaneError(Exception):
    """Something went wrong in Scorelane."""

    # The docstring of a subclass is its message, with {fields} filled in by keyword.

    #: The stable slug of this kind of error: `JobNotFound` -> `job-not-found`.
    code = "scorelane-error"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.message().format_map(fields))

    @classmethod
    def message(cls) -> str:
        """What is said, with `{fields}` in the places of what is not known beforehand."""
        return " ".join(inspect.cleandoc(cls.__doc__ or "").split())

    def __reduce__(self) -> tuple[Any, ...]:
        # Celery and multiprocessing pickle exceptions; the default would call cls(message).
        return _rebuild, (type(self), self.fields)


def _rebuild(kind: type[ScorelaneError], fields: dict[str, Any]) -> ScorelaneError:
    return kind(**fields)


class UnsupportedEncoding(ScorelaneError):
    """The content encoding '{found}' is not read here. Send the body as it is, or as gzip."""


class UnsupportedFormat(ScorelaneError):
    """The content type '{found}' is not read here. Send {supported}."""


class NotAcceptable(ScorelaneError):
    """None of the media types that are accepted ('{wanted}') can be had here. Those that can:
    {offered}.
    """


class TooLarge(ScorelaneError):
    """The {what} is over the limit of {limit} {unit}. {advice}"""


class NoSuchFile(ScorelaneError):
    """There is no file '{file_id}'. Check the id; GET /v1/files lists the files there are."""


class NoSuchBatch(ScorelaneError):
    """There is no batch '{batch_id}'. Check the id; GET /v1/batches lists the batches there are."""


class FilesFull(ScorelaneError):
    """There are {limit} files of yours already. Delete some (DELETE /v1/files/<id>), or wait until
    they expire.
    """


class JobNotFound(ScorelaneError):
    """There is no job '{job_id}'. Check the id; GET /jobs lists the jobs there are."""


class MalformedJobId(JobNotFound):
    """'{job_id}' is no job id: one has 32 hex digits. GET /jobs lists the jobs there are."""


class JobExpired(ScorelaneError):
    """Job '{job_id}' has expired: its rows and results were deleted. Submit it again."""


class JobLost(ScorelaneError):
    """There is no job '{job_id}'. If there was one, it is lost: the job store has lost its data
    since that id was made. Submit its rows again.
    """


class JobNotRestored(ScorelaneError):
    """The job store has lost its data, and job '{job_id}' with it; it is restored from the blob
    store as soon as a worker comes to it. Ask again in a few seconds.
    """


class JobNotFinished(ScorelaneError):
    """Job '{job_id}' is still {state}. Its results can be had when it has succeeded; poll
    /jobs/{job_id} until then, or ask with partial=true for what there is.
    """


class NoResults(ScorelaneError):
    """Job '{job_id}' is {state}, so it has no results; GET /jobs/{job_id} says why. partial=true
    gives the rows that were done, and POST /jobs/{job_id}/retry does the others.
    """


class JobEnded(ScorelaneError):
    """Job '{job_id}' is already {state}; it cannot be cancelled any more."""


class BadIdempotencyKey(ScorelaneError):
    """The Idempotency-Key cannot be used: {reason}. Send a UUID of its own with each job."""


class IdempotencyKeyReused(ScorelaneError):
    """This Idempotency-Key has made a job already, of other content or options. Nothing was
    accepted. Send a new key with each new job.
    """


class IdempotencyKeyInUse(ScorelaneError):
    """A request with this Idempotency-Key is under way. Send this one again a little later: it then
    gets the job of that one.
    """


class NotRetryable(ScorelaneError):
    """Job '{job_id}' is {state}. Only a job that has failed or was cancelled can be retried."""


class NothingToRetry(ScorelaneError):
    """The rows of job '{job_id}' are not kept any more. Submit them again."""


class VersionGone(ScorelaneError):
    """Nobody serves {full_name} any more, by which {rows} rows of job '{job_id}' are done, and one
    job has one version. Submit its rows again to have all of them scored by the present one.
    """


class NoModelYet(ScorelaneError):
    """No worker has announced a model yet. Start one (`docker compose up worker`), or wait until
    the one that is starting has loaded its models.
    """


class NoWorker(ScorelaneError):
    """No worker serves {model} at present. Start one, or send the rows as a job (POST /jobs): it
    waits until there is one.
    """


class NoAnswerInTime(ScorelaneError):
    """No worker answered within {seconds} seconds: they are busy. Try again, or send the rows as a
    job (POST /jobs): it is scored when its turn comes.
    """


class StreamsFull(ScorelaneError):
    """All {limit} streams of events that this process of the API holds are taken. Try again in a
    few seconds, or poll /jobs/<id>: it says the same.
    """


class Draining(ScorelaneError):
    """This replica of the API is about to stop. Send requests to another one."""


class KeyWanted(ScorelaneError):
    """This service asks for an API key. Send it as `Authorization: Bearer <key>`; the command line
    takes it from SCORELANE_API_KEY. Whoever runs the service makes keys with `scorelane key`.
    """


class UnknownKey(ScorelaneError):
    """This API key is not known here. Was it replaced, or is it cut short?"""


class WrongScope(ScorelaneError):
    """This API key may not do that: it lacks the scope '{scope}'."""


class HostNotAllowed(ScorelaneError):
    """The host '{host}' is none of this service, which needs no keys and so answers only under
    names that it knows. Use localhost or its address; whoever runs the service can name the host in
    SCORELANE_ALLOWED_HOSTS, or require keys.
    """


class CrossSite(ScorelaneError):
    """A web page of another origin ({origin}) may not do this. Send the request from a program, or
    from a page of this service such as /docs; whoever runs the service can name the page's origin
    in SCORELANE_CORS_ORIGINS.
    """


class BadSettings(ScorelaneError):
    """{faults} docs/settings.md has all settings."""


class BadWebhookSecret(ScorelaneError):
    """Webhook secret {number} of {where} cannot be used. It must be `whsec_` and 24 to 64 bytes in
    base64; make one with `echo whsec_$(openssl rand -base64 32)`.
    """


class BadKey(ScorelaneError):
    """Line {line} of the API keys in {where} cannot be read. It must be
    `OWNER SCOPE,SCOPE sha256:HEX`, as `scorelane key` prints it; an owner is a name without blanks,
    the scopes are {scopes}.
    """


class NoKeys(ScorelaneError):
    """The API would be open to everybody who reaches {address}: it has no keys. Set
    SCORELANE_API_KEYS_FILE (`scorelane key` makes keys), or let it listen on 127.0.0.1; if
    everybody may use it, say so with SCORELANE_WITHOUT_KEYS=true.
    """


class TooManyRequests(ScorelaneError):
    """This key's owner has made more than {limit} requests in a minute. Wait, and send jobs of many
    rows rather than many jobs.
    """


class ServiceFull(ScorelaneError):
    """The service has no room for another job at present: {what} wait already. Nothing was
    accepted; try again later.
    """


class OwnerFull(ScorelaneError):
    """Too much of yours waits already: {what}. Nothing was accepted; send this when some of it is
    done.
    """


class StoreUnavailable(ScorelaneError):
    """The job store (Redis) cannot be reached: {reason}. Nothing was accepted; try again in a few
    seconds.
    """


class PerhapsAccepted(ScorelaneError):
    """The job store (Redis) was cut off while the job was recorded ({reason}), so it may have been
    accepted. Send the request again with the same Idempotency-Key: it gets that job, or makes it.
    """


class NoRoom(ScorelaneError):
    """The disk of the blob store is full. Nothing was accepted; try again when there is room."""
