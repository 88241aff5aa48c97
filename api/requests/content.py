"""The rows of a `POST /jobs`, as a stream in UTF-8, and the options that the request names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flask import Request
from werkzeug.http import parse_options_header

from api.requests.body import chunks_of, unpacked
from api.requests.multipart import MultipartUpload
from api.requests.options import JobOptions, job_options
from api.uploads.charsets import to_utf8
from api.uploads.formats import ADVICE, MEDIA_TYPES, Format, Kind, kind_of_file
from api.uploads.magic import MAGIC_BYTES, check_text
from api.uploads.quoting import checked_tab_quotes, quoted
from shared.errors.input import BadHeader, BadOption
from shared.errors.service import UnsupportedFormat

#: Options without which no byte of a file can be read.
_BEFORE_THE_FILE = ("delimiter", "charset", "quoting")


@dataclass(frozen=True)
class RequestContent:
    """The content of a `POST /jobs`.

    Attributes:
        kind: the format of the rows.
        chunks: the rows, unpacked, text as UTF-8; an iterator that can be read once.
        is_form: whether the request is a form, whose fields may follow the file: then `options` is
            complete only when `chunks` was read to its end.
        early_options: the options of the query and of the fields before the file.
        is_converted: whether `chunks` differs from what was sent: it was sent in a charset other
            than UTF-8, or without quoting.
    """

    kind: Kind
    chunks: Iterator[bytes]
    is_form: bool
    early_options: JobOptions
    is_converted: bool
    _query: Mapping[str, str]
    _fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def delimiter(self) -> str:
        """The character between the cells of a CSV."""
        return delimiter_of(self.kind, self.early_options)

    @property
    def delimiter_is_named(self) -> bool:
        """Whether an option, or the content type or name of a tab-separated file, names it."""
        return bool(self.early_options.delimiter or self.kind.delimiter)

    def options(self) -> JobOptions:
        """Return all options; in a form, call it after `chunks` was read to its end.

        Raises:
            shared.errors.input.BadOption: an option cannot be used, or follows a file that was
                read without it, or is a `validate=true` in a form: it would come too late.
            shared.errors.input.UnknownOption: there is no such option.
        """
        if not self.is_form:
            return self.early_options
        options = job_options(self._query, self._fields)
        for name in _BEFORE_THE_FILE:
            if getattr(options, name) != getattr(self.early_options, name):
                reason = "it follows the file; send it before the file, or in the query"
                raise BadOption(option=name, value=self._fields.get(name, ""), reason=reason)
        if options.validate == "true" and self._query.get("validate") != "true":
            raise BadOption(option="validate", value="true", reason="send it in the query")
        return options


def content_of(request: Request) -> RequestContent:
    """Begin to read the content of a request; of a form, everything before its file is read.

    Raises:
        shared.errors.service.UnsupportedFormat: the content type is none of those that hold rows.
        shared.errors.input.NotMultipart: the form is malformed, or has no file.
        shared.errors.input.BadHeader: the content type says that a CSV has no header.
        shared.errors.input.BadOption: an option cannot be used, or not with this format.
    """
    if request.mimetype == "multipart/form-data":
        return _form(request)
    kind = MEDIA_TYPES.get(request.mimetype)
    if kind is None:
        raise UnsupportedFormat(found=request.mimetype or "none", supported=ADVICE)
    options = job_options(request.args)
    _check_header(kind, request.mimetype_params)
    charset = request.mimetype_params.get("charset")
    chunks, is_converted = _table(kind, options, charset, chunks_of(request))
    return RequestContent(
        kind,
        chunks,
        is_form=False,
        early_options=options,
        is_converted=is_converted,
        _query=request.args,
    )


def _form(request: Request) -> RequestContent:
    form = MultipartUpload(chunks_of(request), request.mimetype_params.get("boundary"))
    file = form.open()
    media_type, parameters = parse_options_header(file.headers.get("content-type", ""))
    kind = kind_of_file(media_type.lower(), file.filename)
    options = job_options(request.args, form.fields)
    _check_header(kind, parameters)
    charset = parameters.get("charset")
    chunks, is_converted = _table(kind, options, charset, unpacked(form.chunks()))
    return RequestContent(
        kind,
        chunks,
        is_form=True,
        early_options=options,
        is_converted=is_converted,
        _query=request.args,
        _fields=form.fields,
    )


def _check_header(kind: Kind, parameters: Mapping[str, str]) -> None:
    """Refuse a CSV without a header (RFC 4180): its first row would be taken as one, and lost."""
    if kind.format is Format.CSV and parameters.get("header", "").lower() == "absent":
        raise BadHeader(reason="the content type says header=absent")


def delimiter_of(kind: Kind, options: JobOptions) -> str:
    """Return the character between the cells of a CSV."""
    return options.delimiter or kind.delimiter or ","


def _table(
    kind: Kind, options: JobOptions, charset: str | None, sent: Iterator[bytes]
) -> tuple[Iterator[bytes], bool]:
    """Return a file as its reader takes it, and whether that differs from what was sent."""
    for name in ("delimiter", "quoting"):
        value = getattr(options, name)
        if value and kind.format is not Format.CSV:
            raise BadOption(option=name, value=value, reason=f"only a CSV has a {name}")
    if kind.format is not Format.PARQUET:
        sent = _only_text(sent)
    chunks = _to_utf8(kind, options, charset, sent)
    if options.quoting == "none":
        return quoted(chunks, delimiter_of(kind, options)), True
    is_converted = chunks is not sent
    if not options.quoting and kind.format is Format.CSV and delimiter_of(kind, options) == "\t":
        chunks = checked_tab_quotes(chunks)
    return chunks, is_converted


def _only_text(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Refuse a file that is known by its first bytes, before a charset makes text of it."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= MAGIC_BYTES:
            break
    check_text(head)
    if head:
        yield head
    yield from chunks


def _to_utf8(
    kind: Kind, options: JobOptions, charset: str | None, chunks: Iterator[bytes]
) -> Iterator[bytes]:
    """Decode text from the charset that the option or else the content type names."""
    if kind.format is Format.PARQUET:
        if options.charset:
            reason = "a Parquet file names its encoding itself"
            raise BadOption(option="charset", value=options.charset[:80], reason=reason)
        return chunks
    if kind.format is not Format.CSV:
        # JSON is UTF-8 by definition (RFC 8259): ignore a charset that a client's library appends.
        charset = None
    return to_utf8(chunks, options.charset or charset)
