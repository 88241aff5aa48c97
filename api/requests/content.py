"""A request with rows: how they come, and what is asked of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Request
from werkzeug.http import parse_options_header

from api.requests.body import chunks_of, unpacked
from api.requests.multipart import MultipartUpload
from api.requests.options import JobOptions, job_options
from api.uploads.charsets import to_utf8
from api.uploads.formats import ADVICE, MEDIA_TYPES, Format, Kind, kind_of_file
from shared.errors.input import BadOption
from shared.errors.service import UnsupportedFormat

#: Options that the reading of a file begins with.
_BEFORE_THE_FILE = ("delimiter", "charset")


@dataclass(frozen=True)
class RequestContent:
    """The content of a `POST /jobs`.

    Attributes:
        kind: its format.
        chunks: its bytes, unpacked, text as UTF-8; they can be had once.
        begun: the options as they are known before the content is read.
        is_form: whether more of them may come behind it.
        terms: what besides the options its job is recorded with, once the content was read.
    """

    kind: Kind
    chunks: Iterator[bytes]
    begun: JobOptions
    is_form: bool
    _query: Mapping[str, str]
    _fields: Mapping[str, str] = field(default_factory=dict)
    terms: Callable[["RequestContent"], dict[str, Any]] = lambda _: {}

    @property
    def delimiter(self) -> str:
        """What stands between the cells of a CSV."""
        return self.begun.delimiter or self.kind.delimiter or ","

    def options(self) -> JobOptions:
        """The options, once the content was read to its end.

        Raises:
            shared.errors.input.BadOption: one came behind the file that was read by it.
            shared.errors.input.UnknownOption: there is no such option.
        """
        found = job_options(self._query, self._fields)
        for name in _BEFORE_THE_FILE:
            if getattr(found, name) != getattr(self.begun, name):
                reason = "it came behind the file; send it before the file, or in the query"
                raise BadOption(option=name, value=self._fields.get(name, ""), reason=reason)
        return found


def content_of(request: Request) -> RequestContent:
    """What a request brings; of its content nothing is read that is not before the file.

    Raises:
        shared.errors.service.UnsupportedFormat: a content type that is not read.
        shared.errors.input.NotMultipart: a form without a file, or malformed.
        shared.errors.input.BadOption: an option that cannot be used, or not with this format.
    """
    if request.mimetype == "multipart/form-data":
        return _form(request)
    kind = MEDIA_TYPES.get(request.mimetype)
    if kind is None:
        raise UnsupportedFormat(found=request.mimetype or "none", supported=ADVICE)
    options = job_options(request.args)
    charset = request.mimetype_params.get("charset")
    chunks = _text(kind, options, charset, chunks_of(request))
    return RequestContent(kind, chunks, options, is_form=False, _query=request.args)


def _form(request: Request) -> RequestContent:
    form = MultipartUpload(chunks_of(request), request.mimetype_params.get("boundary"))
    file = form.open()
    media_type, parameters = parse_options_header(file.headers.get("content-type", ""))
    kind = kind_of_file(media_type.lower(), file.filename)
    options = job_options(request.args, form.fields)
    chunks = _text(kind, options, parameters.get("charset"), unpacked(form.chunks()))
    return RequestContent(
        kind, chunks, options, is_form=True, _query=request.args, _fields=form.fields
    )


def _text(
    kind: Kind, options: JobOptions, charset: str | None, chunks: Iterator[bytes]
) -> Iterator[bytes]:
    """The content as UTF-8, whatever its charset is by its option or its content type."""
    if options.delimiter and kind.format is not Format.CSV:
        raise BadOption(
            option="delimiter", value=options.delimiter, reason="only a CSV has a delimiter"
        )
    if kind.format is Format.PARQUET:
        if options.charset:
            reason = "a Parquet file says it itself"
            raise BadOption(option="charset", value=options.charset[:80], reason=reason)
        return chunks
    if kind.format is not Format.CSV:
        # JSON is UTF-8 by its definition (RFC 8259), whatever a client's library puts behind it.
        charset = None
    return to_utf8(chunks, options.charset or charset)
