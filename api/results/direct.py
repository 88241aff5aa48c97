"""`redirect=true`: results from object storage itself, by a signed address.

The answer to a request for results is then a redirect to a file in object storage, which holds the
same bytes. Where there can be no such file, the answer is the results as always, and a header says
why.
"""

import logging
from typing import Annotated

from flask import Request, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.prefer import PREFER, preferences_of
from api.requests.option_values import is_true
from api.results.csv_style import PLAIN_STYLE, style_of
from api.results.negotiation import wanted_format
from api.schema.describe import Parameter
from api.services import Services
from shared.errors.service import DataDamaged
from shared.jobs.job import Job
from shared.jobs.keys import direct_key_of
from shared.jobs.result_names import Format
from shared.storage.direct_files import ADDRESS_SECONDS, DirectFile
from shared.telemetry.timestamps import rfc3339

logger = logging.getLogger(__name__)

#: How long a request waits for a worker to write the file, in seconds, if it does not say.
_WAIT_SECONDS = 10

PARAMETERS = (
    Parameter(
        "redirect",
        {"enum": ["true", "false"]},
        "`true`: answer with a redirect to object storage, if the blobs are there.",
    ),
    Parameter(
        PREFER.name,
        PREFER.schema,
        "With `redirect`: `wait=N`, wait up to N seconds for the file in object storage.",
        PREFER.where,
        PREFER.example,
    ),
)

HEADER = "Not-Redirected"
HEADERS = {HEADER: "Why the rows are sent although the request has `redirect=true`."}


class DirectDownload(TypedDict):
    """Where the results are in object storage, and by what a client can check them."""

    url: Annotated[str, Field(description="The address; it needs no key until it expires.")]
    expires_at: str
    size: Annotated[int, Field(description="The length of the file, in bytes.")]
    sha256: Annotated[str, Field(description="The SHA-256 digest of the file, in hex digits.")]


EXAMPLE: DirectDownload = {
    "url": "https://bucket.s3.amazonaws.com/jobs/0/direct/results.csv?X-Amz-Signature=0a",
    "expires_at": "2026-01-01T00:00:00.000Z",
    "size": 1000,
    "sha256": "0a" * 32,
}


def is_wanted(request: Request) -> bool:
    """Whether a request asks for a redirect.

    Raises:
        shared.errors.input.BadOption: `redirect` is neither `true` nor `false`.
    """
    return is_true("redirect", request.args.get("redirect", "false"))


def redirect_or_reason(
    services: Services, job: Job, request: Request, formats: list[Format]
) -> Response | str:
    """The redirect to the results of a job that has succeeded, or why there is none.

    Args:
        services: where they are.
        job: which job.
        request: for all of its rows.
        formats: those offered; the first one is the job's own.

    Raises:
        shared.errors.input.BadOption: a parameter has no valid value.
        shared.errors.service.NotAcceptable: `Accept` admits none of the formats.
    """
    wanted = wanted_format(request, formats)
    direct, spec = services.direct, job.spec
    is_stored_so = wanted == spec.result_format and style_of(request.args, wanted) == PLAIN_STYLE
    if direct is None:
        return "the blobs of this service are not in object storage"
    if spec.kind == "small":
        return "the results of a small job are in its record"
    if not is_stored_so:
        return f"the file in object storage is {spec.result_format}, as the job has stored it"
    if request.method != "GET":
        return "a signed address is for GET alone"
    wait = preferences_of(request).wait
    try:
        if found := direct.find(spec, _WAIT_SECONDS if wait is None else wait):
            return _redirect(services, direct.sign(direct_key_of(spec.id, wanted)), found)
    except (OSError, DataDamaged) as error:
        # Downloads through the API say what is wrong, if it is more than this.
        logger.warning("job=%s: no redirect: %s", spec.id, error)
    return "the file is not in object storage yet"


def _redirect(services: Services, url: str, found: DirectFile) -> Response:
    body: DirectDownload = {
        "url": url,
        "expires_at": rfc3339(services.store.now() + ADDRESS_SECONDS),
        "size": found.size,
        "sha256": found.sha256,
    }
    answer = jsonify(body)
    # 307, and not 302: the method stays.
    answer.status_code, answer.location = 307, url
    # Also what caches of browsers keep would lead to an address that has expired.
    answer.headers["Cache-Control"] = "no-store"
    return answer
