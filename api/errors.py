"""The table from errors to HTTP statuses, and the responses for errors: problems (RFC 9457)."""

import errno
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from api.console.missing import missing_page
from api.error_shapes import shape_of
from api.request_log import REQUEST_ID
from api.requests.addresses import advice, redirect
from api.security import errors as access_errors
from shared.errors import aliases as alias_errors
from shared.errors import input as input_errors
from shared.errors import output as output_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError
from shared.redis.refusals import refusal
from shared.storage.object_errors import ObjectStorageError
from shared.telemetry.safe_traceback import where

logger = logging.getLogger(__name__)

#: The HTTP status of each class of errors. An error gets that of its class, or of the nearest base
#: class that is in this table.
STATUS: dict[type[ScorelaneError], HTTPStatus] = {
    input_errors.BodyCutOff: HTTPStatus.BAD_REQUEST,
    input_errors.BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    input_errors.BadChunkedBody: HTTPStatus.BAD_REQUEST,
    input_errors.NotJson: HTTPStatus.BAD_REQUEST,
    input_errors.NotMultipart: HTTPStatus.BAD_REQUEST,
    input_errors.NotGzip: HTTPStatus.BAD_REQUEST,
    input_errors.UnknownOption: HTTPStatus.BAD_REQUEST,
    input_errors.BadOption: HTTPStatus.BAD_REQUEST,
    input_errors.BadInferenceBody: HTTPStatus.BAD_REQUEST,
    input_errors.RowErrors: HTTPStatus.BAD_REQUEST,
    input_errors.PlaceNotAllowed: HTTPStatus.FORBIDDEN,
    output_errors.OutputTaken: HTTPStatus.CONFLICT,
    output_errors.OutputDenied: HTTPStatus.UNPROCESSABLE_ENTITY,
    input_errors.BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    access_errors.KeyWanted: HTTPStatus.UNAUTHORIZED,
    access_errors.UnknownKey: HTTPStatus.UNAUTHORIZED,
    access_errors.WrongScope: HTTPStatus.FORBIDDEN,
    access_errors.LinkNotValid: HTTPStatus.FORBIDDEN,
    access_errors.LinkExpired: HTTPStatus.FORBIDDEN,
    # As RFC 9112, 3.2 says of a `Host` that is not valid.
    access_errors.HostNotAllowed: HTTPStatus.BAD_REQUEST,
    access_errors.CrossSite: HTTPStatus.FORBIDDEN,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.OwnerFull: HTTPStatus.TOO_MANY_REQUESTS,
    errors.BudgetSpent: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ServiceFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.BodiesFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.UnsupportedEncoding: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedFormat: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    input_errors.BadRequestField: HTTPStatus.BAD_REQUEST,
    alias_errors.AmbiguousVersion: HTTPStatus.UNPROCESSABLE_ENTITY,
    alias_errors.BadAlias: HTTPStatus.UNPROCESSABLE_ENTITY,
    alias_errors.NoSuchAlias: HTTPStatus.NOT_FOUND,
    alias_errors.AliasMoved: HTTPStatus.CONFLICT,
    alias_errors.NoFormerChampion: HTTPStatus.CONFLICT,
    alias_errors.NotServed: HTTPStatus.CONFLICT,
    alias_errors.VersionInUse: HTTPStatus.CONFLICT,
    alias_errors.NoChampion: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ModelUploadsOff: HTTPStatus.FORBIDDEN,
    errors.ModelsNotWritable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NoSuchModel: HTTPStatus.NOT_FOUND,
    errors.NoSuchFile: HTTPStatus.NOT_FOUND,
    errors.NoSuchBatch: HTTPStatus.NOT_FOUND,
    errors.FilesFull: HTTPStatus.TOO_MANY_REQUESTS,
    errors.JobNotFound: HTTPStatus.NOT_FOUND,
    errors.JobExpired: HTTPStatus.GONE,
    errors.JobNotFinished: HTTPStatus.CONFLICT,
    errors.NoResults: HTTPStatus.CONFLICT,
    errors.RowsDeleted: HTTPStatus.GONE,
    errors.JobEnded: HTTPStatus.CONFLICT,
    errors.BadIdempotencyKey: HTTPStatus.BAD_REQUEST,
    errors.IdempotencyKeyInUse: HTTPStatus.CONFLICT,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotRetryable: HTTPStatus.CONFLICT,
    errors.VersionGone: HTTPStatus.CONFLICT,
    errors.NothingToRetry: HTTPStatus.GONE,
    errors.NoModelYet: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ModelsLoading: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ModelChanged: HTTPStatus.CONFLICT,
    errors.NoWorker: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Draining: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NoAnswerInTime: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StreamsFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.QuestionsFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.PerhapsAccepted: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.JobLost: HTTPStatus.GONE,
    errors.JobNotRestored: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.BlobsUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SourceUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    output_errors.OutputNotChecked: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DataDamaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ResultsDamaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    ScorelaneError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

#: `Retry-After` in seconds, for temporary errors that carry no `retry_after` of their own.
RETRY_AFTER: dict[type[ScorelaneError], int] = {
    errors.IdempotencyKeyInUse: 1,
    errors.NoModelYet: 5,
    errors.ModelsLoading: 5,
    errors.NoWorker: 5,
    errors.ModelsNotWritable: 30,
    alias_errors.NoChampion: 10,
    errors.NoAnswerInTime: 10,
    errors.StreamsFull: 10,
    errors.QuestionsFull: 5,
    errors.OwnerFull: 10,
    errors.FilesFull: 60,
    errors.ServiceFull: 10,
    errors.BodiesFull: 2,
    errors.StoreUnavailable: 5,
    errors.StoreFull: 10,
    errors.PerhapsAccepted: 5,
    errors.JobNotRestored: 5,
    errors.NoRoom: 30,
    errors.BlobsUnavailable: 10,
    errors.SourceUnavailable: 10,
    output_errors.OutputNotChecked: 10,
}


def status_of(kind: type[ScorelaneError]) -> HTTPStatus:
    """The HTTP status of an error of this class."""
    return next(STATUS[one] for one in kind.__mro__ if one in STATUS)


def problem(
    status: int,
    code: str,
    detail: str,
    param: str | None = None,
    known: Mapping[str, Any] | None = None,
) -> Response:
    """An error response: `application/problem+json`, or as `api.error_shapes` has it.

    Args:
        status: the HTTP status.
        code: of the error, such as `too-large`.
        detail: what is wrong, and what to do.
        param: the parameter or field of the request that is wrong; not for problems.
        known: further members of a problem ("extension members": RFC 9457, 3.2).
    """
    if shape := shape_of(request.path):
        response = jsonify(shape.body(status, code, detail, param))
        response.status_code = status
        return response
    response = jsonify(
        type=f"urn:scorelane:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=int(status),
        detail=detail,
        request_id=request.environ.get(REQUEST_ID),
        **(known or {}),
    )
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def register(app: Flask) -> None:
    """Register handlers that answer every error of the app with `problem`."""
    # Or `//jobs` would be a redirect instead of an error that names `/jobs`.
    app.url_map.merge_slashes = False
    app.register_error_handler(ScorelaneError, _handle_scorelane_error)
    app.register_error_handler(RedisError, _handle_redis_error)
    app.register_error_handler(OperationalError, _handle_redis_error)
    app.register_error_handler(OSError, _handle_os_error)
    app.register_error_handler(HTTPException, _handle_http_exception)
    app.register_error_handler(Exception, _handle_unexpected)


def _handle_scorelane_error(error: ScorelaneError) -> Response:
    status = status_of(type(error))
    param = error.fields.get("param", error.fields.get("option"))
    response = problem(status, error.code, str(error), param, error.known)
    seconds = error.fields.get("retry_after", RETRY_AFTER.get(type(error)))
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _handle_redis_error(error: Exception) -> Response:
    logger.warning("Redis: %s", error)
    if reason := refusal(error):
        return _handle_scorelane_error(errors.StoreFull(reason=reason))
    return _handle_scorelane_error(errors.StoreUnavailable(reason=type(error).__name__))


def _handle_os_error(error: OSError) -> Response:
    # EFBIG: a limit on the size of files is exceeded.
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        logger.error("the blob store: %s", error.strerror)
        return _handle_scorelane_error(errors.NoRoom())
    if isinstance(error, ObjectStorageError):
        logger.error("the blob store: %s", error.strerror)
        return _handle_scorelane_error(errors.BlobsUnavailable())
    return _handle_unexpected(error)


def _handle_http_exception(error: HTTPException) -> Response:
    response = redirect(error) or missing_page(error) or _problem_of(error)
    if isinstance(error, NotFound | MethodNotAllowed):
        response.vary.add("Accept")
    for name, value in error.get_headers():
        if name.lower() in ("allow", "content-range"):
            response.headers[name] = value
    return response


def _problem_of(error: HTTPException) -> Response:
    status = error.code or 500
    code = HTTPStatus(status).name.lower().replace("_", "-")
    detail = advice(error) or error.description or HTTPStatus(status).description
    return problem(status, code, detail)


def _handle_unexpected(error: Exception) -> Response:
    logger.error("a request failed: %s", where(error))
    return problem(
        500,
        "internal-error",
        "An unexpected error in Scorelane; its log has the details. Try again, or report it.",
    )
