"""`/jobs/<id>/receipt`: what was scored by what, with digests of the input and of the results."""

import json as json_module
import logging
from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.jobs.representation import EXAMPLE_ID, Count, Counts, JobId, ModelName, Moment
from api.requests.terms import on_error_of
from api.results.partial import check_whole
from api.results.parts import ResultParts
from api.results.receipt_signature import Signature, signatures
from api.schema.describe import OF_A_JOB, Answer, describes, json
from api.services import Services, current_services
from shared.config.secrets import webhook_secrets
from shared.errors.service import (
    BadWebhookSecret,
    JobNotFinished,
    NoResults,
    ResultsDamaged,
)
from shared.jobs.digest import Digest, Digester
from shared.jobs.job import Job
from shared.jobs.spec import Keep, ResultFormat
from shared.telemetry.timestamps import rfc3339

logger = logging.getLogger(__name__)

blueprint = Blueprint("receipts", __name__)

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ReceiptModel(TypedDict):
    """The model version that scored the rows; `version` is a digest of its files and options."""

    name: str
    version: str
    files: Annotated[
        dict[str, Sha256] | None,
        Field(description="The SHA-256 of each file of the model; null: not known."),
    ]


class ReceiptInput(TypedDict):
    """What was sent, unpacked, in its charset; or the files that the job read where they are."""

    sha256: Annotated[Sha256 | None, Field(description="Null: the service has not computed it.")]
    bytes: Count | None
    addresses: list[str] | None
    files: int | None


class ReceiptResults(TypedDict):
    """The results in the format in which they are stored, as a download in it gives them."""

    format: ResultFormat
    sha256: Annotated[
        Sha256 | None, Field(description="Null: the job is of a release without receipts.")
    ]
    bytes: Count | None
    columns: list[str]


class SignatureJson(TypedDict):
    """A signature by one of the webhook secrets."""

    algorithm: Literal["HMAC-SHA256"]
    key: Annotated[str, Field(description="Which secret: 16 hex digits of a digest of it.")]
    value: Annotated[str, Field(description="In base64.")]


class Receipt(TypedDict):
    """What was scored by what, how, and with which results."""

    receipt: Annotated[Literal[1], Field(description="The version of this form.")]
    job: JobId
    owner: str | None
    model: ReceiptModel
    second_model: Annotated[
        ModelName | None, Field(description="The model that was compared; null: there was none.")
    ]
    input: ReceiptInput
    results: ReceiptResults
    rows: Counts
    options: Annotated[
        dict[str, str] | None, Field(description="As in the job; null: not known, or too long.")
    ]
    on_error: str
    labels: dict[str, str]
    retry_of: JobId | None
    libraries: Annotated[
        list[dict[str, str]],
        Field(
            description="The versions that scored rows of the job, one entry for each set of them."
        ),
    ]
    keep: Keep
    downloaded_at: Annotated[
        Moment | None, Field(description="With `keep=none`: when all results had been sent.")
    ]
    rows_deleted_at: Moment | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    signatures: Annotated[
        list[SignatureJson], Field(description="Empty if the service has no webhook secret.")
    ]


_EXAMPLE: Receipt = {
    "receipt": 1,
    "job": EXAMPLE_ID,
    "owner": None,
    "model": {"name": "fast", "version": "e5cff74e16d3", "files": {"model.pkl": "0a" * 32}},
    "second_model": None,
    "input": {"sha256": "1b" * 32, "bytes": 68_000_000, "addresses": None, "files": None},
    "results": {
        "format": "csv",
        "sha256": "2c" * 32,
        "bytes": 28_000_000,
        "columns": ["ref", "Sentiment_Score", "error"],
    },
    "rows": {"total": 1_000_000, "completed": 999_983, "failed": 17},
    "options": {},
    "on_error": "skip",
    "labels": {},
    "retry_of": None,
    "libraries": [{"scorelane": "0.1.0", "python": "3.12.3", "scikit-learn": "1.9.0"}],
    "keep": "all",
    "downloaded_at": None,
    "rows_deleted_at": None,
    "created_at": "2026-01-01T12:00:00.000Z",
    "started_at": "2026-01-01T12:00:00.012Z",
    "finished_at": "2026-01-01T12:00:24.000Z",
    "signatures": [
        {
            "algorithm": "HMAC-SHA256",
            "key": "0123456789abcdef",
            "value": "K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
        }
    ],
}


@blueprint.get("/jobs/<job_id>/receipt")
@describes(
    {200: Answer("The receipt.", json(Receipt, _EXAMPLE))},
    refused=(*OF_A_JOB, JobNotFinished, NoResults, ResultsDamaged),
)
def receipt(job_id: str) -> Receipt:
    """Return the receipt of a job that has succeeded; `scorelane verify` checks a file against it.

    It is signed with each webhook secret of the service, if there is one.
    """
    services = current_services()
    job = find_job(services, job_id)
    check_whole(services, job)
    found = _receipt(services, job)
    found["signatures"] = _signatures(services, found)  # type: ignore[typeddict-item]
    return found


def _receipt(services: Services, job: Job) -> Receipt:
    spec, results = job.spec, _results(services, job)
    return {
        "receipt": 1,
        "job": spec.id,
        "owner": spec.owner or None,
        "model": {"name": spec.model, "version": spec.version, "files": _files(services, job)},
        "second_model": _second_model(job),
        "input": _input(job),
        "results": {
            "format": spec.result_format,
            "sha256": None if results is None else results.sha256,
            "bytes": None if results is None else results.size,
            "columns": list(spec.result_columns.names),
        },
        "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
        "options": spec.options,
        # A float would have several forms in JSON.
        "on_error": str(on_error_of(spec.tolerance)),
        "labels": spec.labels,
        "retry_of": spec.retry_of,
        "libraries": [json_module.loads(line) for line in (job.libraries or "").splitlines()],
        "keep": spec.keep,
        "downloaded_at": _moment(job.downloaded_at),
        "rows_deleted_at": _moment(job.cleared_at),
        "created_at": rfc3339(job.created_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "signatures": [],
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)


def _second_model(job: Job) -> ModelName | None:
    second = job.spec.second
    return {"name": second.name, "version": second.version} if second else None


def _input(job: Job) -> ReceiptInput:
    spec = job.spec
    if sources := spec.sources:
        # The service reads them in parts, and in no order.
        addresses = list(sources.addresses)
        return {"sha256": None, "bytes": spec.size, "addresses": addresses, "files": sources.files}
    found = spec.received
    return {
        "sha256": None if found is None else found.sha256,
        "bytes": None if found is None else found.size,
        "addresses": None,
        "files": None,
    }


def _results(services: Services, job: Job) -> Digest | None:
    """The digest of the results; None for a bulk job of a release that computed none."""
    if job.result_sha256 is not None:
        return Digest(sha256=job.result_sha256, size=job.result_bytes or 0)
    if job.spec.kind == "bulk":
        return None
    # The rows of a small job are in its record, and are written anew for each download.
    digester = Digester()
    for chunk in ResultParts(services, job).in_own_format():
        digester.update(chunk)
    return digester.digest


def _files(services: Services, job: Job) -> dict[str, str] | None:
    if job.model_files is not None:
        files: dict[str, str] = json_module.loads(job.model_files)
        return files
    served = services.fleet.versions().get(job.spec.full_name)
    return dict(served.card.files) if served else None


def _signatures(services: Services, found: Receipt) -> list[Signature]:
    try:
        secrets = webhook_secrets(services.settings)
    except (BadWebhookSecret, OSError) as error:
        logger.error("receipts are not signed: %s", error)  # noqa: TRY400  no bug
        secrets = []
    return signatures(found, secrets)
