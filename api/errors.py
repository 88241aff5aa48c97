"""The one table from errors to HTTP, and the problems (RFC 9457) made of them."""

import errno
import logging
from contextlib import suppress
from http import HTTPStatus

from flask import Flask, Response, jsonify, request
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from werkzeug.exceptions import ClientDisconnected, HTTPException

from api.request_log import REQUEST_ID
from api.v1.shapes import PREFIX, error_answer
from shared.errors import input as input_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError
from shared.telemetry.safe_traceback import where

#: A refused upload is read on so far, so that the client gets to know why; then it is cut off.
DRAIN_BYTES = 64 * 1024 * 1024

logger = logging.getLogger(__name__)

#: The status of an error is that of the nearest of its classes in this table.
STATUS: dict[type[ScorelaneError], HTTPStatus] = {
    input_errors.NotJson: HTTPStatus.BAD_REQUEST,
    input_errors.NotMultipart: HTTPStatus.BAD_REQUEST,
    input_errors.NotGzip: HTTPStatus.BAD_REQUEST,
    input_errors.UnknownOption: HTTPStatus.BAD_REQUEST,
    input_errors.BadOption: HTTPStatus.BAD_REQUEST,
    input_errors.BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.KeyWanted: HTTPStatus.UNAUTHORIZED,
    errors.UnknownKey: HTTPStatus.UNAUTHORIZED,
    errors.WrongScope: HTTPStatus.FORBIDDEN,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.OwnerFull: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ServiceFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.UnsupportedEncoding: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedFormat: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    input_errors.BadRequestField: HTTPStatus.BAD_REQUEST,
    errors.NoSuchFile: HTTPStatus.NOT_FOUND,
    errors.NoSuchBatch: HTTPStatus.NOT_FOUND,
    errors.FilesFull: HTTPStatus.TOO_MANY_REQUESTS,
    errors.JobNotFound: HTTPStatus.NOT_FOUND,
    errors.JobExpired: HTTPStatus.GONE,
    errors.JobNotFinished: HTTPStatus.CONFLICT,
    errors.NoResults: HTTPStatus.CONFLICT,
    errors.JobEnded: HTTPStatus.CONFLICT,
    errors.BadIdempotencyKey: HTTPStatus.BAD_REQUEST,
    errors.IdempotencyKeyInUse: HTTPStatus.CONFLICT,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotRetryable: HTTPStatus.CONFLICT,
    errors.VersionGone: HTTPStatus.CONFLICT,
    errors.NothingToRetry: HTTPStatus.GONE,
    errors.NoModelYet: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NoWorker: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Draining: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NoAnswerInTime: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StreamsFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.PerhapsAccepted: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.JobLost: HTTPStatus.GONE,
    errors.JobNotRestored: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
    ScorelaneError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

#: When to try again, in seconds, where the error is one that passes and does not say it itself.
RETRY_AFTER: dict[type[ScorelaneError], int] = {
    errors.IdempotencyKeyInUse: 1,
    errors.NoModelYet: 5,
    errors.NoWorker: 5,
    errors.NoAnswerInTime: 10,
    errors.StreamsFull: 10,
    errors.OwnerFull: 10,
    errors.FilesFull: 60,
    errors.ServiceFull: 10,
    errors.StoreUnavailable: 5,
    errors.PerhapsAccepted: 5,
    errors.JobNotRestored: 5,
    errors.NoRoom: 30,
}


def status_of(kind: type[ScorelaneError]) -> HTTPStatus:
    """The status of an error of this kind."""
    return next(STATUS[one] for one in kind.__mro__ if one in STATUS)


def problem(status: int, code: str, detail: str, param: str | None = None) -> Response:
    """An `application/problem+json` answer; below `/v1`, one in the shape of that.

    Args:
        status: of the answer.
        code: of the error.
        detail: what is wrong, and what to do.
        param: what of the request is meant.
    """
    if request.path.startswith(PREFIX):
        return error_answer(status, code, detail, param)
    answer = jsonify(
        type=f"urn:scorelane:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=int(status),
        detail=detail,
        request_id=request.environ.get(REQUEST_ID),
    )
    answer.status_code = status
    answer.content_type = "application/problem+json"
    return answer


def register(app: Flask) -> None:
    """Have every error of the app answered with a problem."""
    app.register_error_handler(ScorelaneError, _of_ours)
    app.register_error_handler(RedisError, _of_redis)
    app.register_error_handler(OperationalError, _of_redis)
    app.register_error_handler(OSError, _of_disk)
    app.register_error_handler(HTTPException, _of_werkzeug)
    app.register_error_handler(Exception, _of_anything)


def _of_ours(error: ScorelaneError) -> Response:
    read_on()
    status = status_of(type(error))
    param = error.fields.get("param", error.fields.get("option"))
    answer = problem(status, error.code, str(error), param)
    seconds = error.fields.get("retry_after", RETRY_AFTER.get(type(error)))
    if seconds is not None:
        answer.headers["Retry-After"] = str(seconds)
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def read_on() -> None:
    """Read what is left of the request, within bounds.

    A connection that is closed with unread data is reset, and takes the answer with it.
    """
    left = DRAIN_BYTES
    request.max_content_length = None
    with suppress(ClientDisconnected):
        while left > 0 and (chunk := request.stream.read(64 * 1024)):
            left -= len(chunk)


def _of_redis(error: Exception) -> Response:
    logger.warning("Redis: %s", error)
    return _of_ours(errors.StoreUnavailable(reason=type(error).__name__))


def _of_disk(error: OSError) -> Response:
    # EFBIG: what a quota on the length of files says.
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        logger.error("the blob store: %s", error.strerror)
        return _of_ours(errors.NoRoom())
    return _of_anything(error)


def _of_werkzeug(error: HTTPException) -> Response:
    status = error.code or 500
    code = HTTPStatus(status).name.lower().replace("_", "-")
    answer = problem(status, code, error.description or HTTPStatus(status).description)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "content-range"):
            answer.headers[name] = value
    return answer


def _of_anything(error: Exception) -> Response:
    logger.error("a request failed: %s", where(error))
    return problem(
        500,
        "internal-error",
        "Something went wrong in Scorelane itself; its log says what. Try again, or report it.",
    )
