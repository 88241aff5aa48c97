"""Errors of the service: jobs, keys, limits and stores.

Errors of what a client sent are in `shared.errors.input`, errors of a model in
`shared.errors.model`.
"""

from shared.errors.base import ScorelaneError


class UnsupportedEncoding(ScorelaneError):
    """The content encoding '{found}' is not supported. Send the body uncompressed, or as gzip."""


class UnsupportedFormat(ScorelaneError):
    """The content type '{found}' is not supported. Send {supported}."""


class NotAcceptable(ScorelaneError):
    """None of the media types that the request accepts ('{wanted}') is available here.
    Available: {offered}.
    """


class TooLarge(ScorelaneError):
    """The {what} is over the limit of {limit} {unit}. {advice}"""


class ModelUploadsOff(ScorelaneError):
    """This service takes no models over HTTP: {reason}. A model can be code that the workers run.
    Add it where their models are: `scorelane add-model`.
    """


class ModelsNotWritable(ScorelaneError):
    """The model cannot be stored where the workers find it: {reason}."""


class NoSuchModel(ScorelaneError):
    """There is no model '{model}' here{why}. There are: {models}. A version that is served no
    longer is not found either.
    """


class NoSuchFile(ScorelaneError):
    """There is no file '{file_id}'. Check the id; GET /v1/files lists all files."""


class NoSuchBatch(ScorelaneError):
    """There is no batch '{batch_id}'. Check the id; GET /v1/batches lists all batches."""


class FilesFull(ScorelaneError):
    """You already have {limit} files. Delete some (DELETE /v1/files/<id>), or wait until they
    expire.
    """


class JobNotFound(ScorelaneError):
    """There is no job '{job_id}'. Check the id; GET /jobs lists all jobs."""


class MalformedJobId(JobNotFound):
    """'{job_id}' is not a job id: a job id has 32 hex digits. GET /jobs lists all jobs."""


class JobExpired(ScorelaneError):
    """Job '{job_id}' has expired: its rows and results were deleted. Submit it again."""


class JobLost(ScorelaneError):
    """There is no job '{job_id}'. If it existed, it is lost: the job store has lost its data
    since this id was made. Submit its rows again.
    """


class JobNotRestored(ScorelaneError):
    """The job store has lost its data, including job '{job_id}'. A worker restores the job from
    the blob store as soon as it can. Ask again in a few seconds.
    """


class JobNotFinished(ScorelaneError):
    """Job '{job_id}' is still {state}. Its results are available once it has succeeded; poll
    /jobs/{job_id} until then, or ask with partial=true for the rows that are done so far.
    """


class NoResults(ScorelaneError):
    """Job '{job_id}' is {state}, so it has no results; GET /jobs/{job_id} says why.
    partial=true returns the rows that were done, and POST /jobs/{job_id}/retry scores the
    others.
    """


class RowsDeleted(ScorelaneError):
    """The rows and results of job '{job_id}' are deleted, as it was sent with keep=none: {reason}.
    GET /jobs/{job_id}/receipt still has its receipt. Submit the rows again to score them again.
    """


class JobEnded(ScorelaneError):
    """Job '{job_id}' is already {state}; it cannot be cancelled any more."""


class BadIdempotencyKey(ScorelaneError):
    """The Idempotency-Key cannot be used: {reason}. Send a new UUID with each job."""


class IdempotencyKeyReused(ScorelaneError):
    """This Idempotency-Key has already made a job, with other content or options. Nothing was
    accepted. Send a new key with each new job.
    """


class IdempotencyKeyInUse(ScorelaneError):
    """A request with this Idempotency-Key is still under way. Send this request again a little
    later: it then gets the job of the other one.
    """


class NotRetryable(ScorelaneError):
    """Job '{job_id}' is {state}. Only a job that has failed or was cancelled can be retried."""


class NothingToRetry(ScorelaneError):
    """The rows of job '{job_id}' are no longer stored. Submit them again."""


class VersionGone(ScorelaneError):
    """Job '{job_id}' was not retried: {reason}. {advice}"""


class NoModelYet(ScorelaneError):
    """No worker has announced a model yet. Start one (`docker compose up worker`), or wait until
    the one that is starting has loaded its models.
    """


class ModelsLoading(ScorelaneError):
    """A worker is still loading {models}, and no live process serves it yet. Wait; if it lasts, the
    worker's log says what is wrong.
    """


class ModelChanged(ScorelaneError):
    """The model '{model}' was replaced while the rows came, by one that takes or gives other
    columns, so nothing was scored. Look at its columns (GET /v2/models/{model}) and send the rows
    again.
    """


class NoWorker(ScorelaneError):
    """No worker serves {model} at present. Start one, or send the rows as a job (POST /jobs): a
    job waits until a worker serves its model.
    """


class NoAnswerInTime(ScorelaneError):
    """No worker answered within {seconds} seconds: they are busy. Try again, or send the rows as a
    job (POST /jobs): it is scored when its turn comes.
    """


class QuestionsFull(ScorelaneError):
    """The workers of {model} answer slowly, and {limit} requests already wait for answers in this
    API process. Try again in a few seconds, or send the rows as a job (POST /jobs): it is scored
    when its turn comes.
    """


class StreamsFull(ScorelaneError):
    """All {limit} streams of events in this API process are taken. Try again in a few seconds, or
    poll /jobs/<id>, which gives the same information.
    """


class Draining(ScorelaneError):
    """This replica of the API is about to stop. Send requests to another one."""


class BadSettings(ScorelaneError):
    """{faults} docs/settings.md lists all settings."""


class NoTemporaryFolder(ScorelaneError):
    """No folder for temporary files can be written. Mount one at /tmp (in a container with a
    read-only root a tmpfs), or name one in TMPDIR.
    """


class BadWebhookSecret(ScorelaneError):
    """Webhook secret {number} of {where} cannot be used. It must be `whsec_` and 24 to 64 bytes in
    base64; make one with `echo whsec_$(openssl rand -base64 32)`.
    """


class BadKey(ScorelaneError):
    """Line {line} of the API keys in {where} cannot be read. It must be
    `OWNER SCOPE,SCOPE sha256:HEX`, as `scorelane key` prints it, perhaps with ` rows_per_day=N` at
    its end; an owner is a name without blanks, the scopes are {scopes}, and N is at least 1.
    """


class NoKeys(ScorelaneError):
    """The API would be open to everybody who reaches {address}: it has no keys. Set
    SCORELANE_API_KEYS_FILE (`scorelane key` makes keys), or let the API listen on 127.0.0.1. If
    everybody may use it, set SCORELANE_WITHOUT_KEYS=true.
    """


class TooManyRequests(ScorelaneError):
    """The owner of this key has made more than {limit} requests in a minute. Wait, and send one
    job of many rows rather than many jobs.
    """


class ServiceFull(ScorelaneError):
    """The service has no room for another job at present: {what} are already waiting. Nothing
    was accepted; try again later.
    """


class OwnerFull(ScorelaneError):
    """You already have too much waiting: {what}. Nothing was accepted; send this again when
    some of it is done.
    """


class BudgetSpent(ScorelaneError):
    """{who} may have {budget} rows a day (UTC) scored. {left} are left today, and this needs
    {rows}. Nothing was accepted. {advice}
    """


class BodiesFull(ScorelaneError):
    """Other requests hold the {limit} of memory for large JSON bodies. Nothing was accepted; try
    again in a few seconds, or send the rows as a CSV to POST /jobs, which needs no memory.
    """


class StoreUnavailable(ScorelaneError):
    """The job store (Redis) cannot be reached: {reason}. Nothing was accepted; try again in a few
    seconds.
    """


class StoreFull(ScorelaneError):
    """The job store (Redis) takes nothing at present: {reason}. What it holds can be read. Nothing
    was accepted; try again later.
    """


class PerhapsAccepted(ScorelaneError):
    """The connection to the job store (Redis) was lost while the job was being recorded
    ({reason}), so the job may have been accepted. Send the request again with the same
    Idempotency-Key: it gets that job, or makes it.
    """


class NoRoom(ScorelaneError):
    """The disk of the blob store is full. Nothing was accepted; try again when there is room."""


class BlobsUnavailable(ScorelaneError):
    """The blob store (object storage) cannot be used at present. Nothing was accepted; try again in
    a few seconds.
    """


class SourceUnavailable(ScorelaneError):
    """{address} cannot be read at present: its store does not answer, or too slowly. Nothing was
    accepted; try again in a few seconds.
    """


class DataDamaged(ScorelaneError):
    """What is stored as '{key}' was damaged on the disk: {reason}. Delete it and send it again, or
    restore it from a backup.
    """


class ResultsDamaged(ScorelaneError):
    """Results of job '{job_id}' were damaged on the disk: {rows} cannot be read. {advice}"""
