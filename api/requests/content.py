"""The rows of a `POST /jobs`, as a stream in UTF-8, and the options that the request names."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_options_header

from api.requests.body import chunks_of, uncompressed, unpacked
from api.requests.multipart import MultipartUpload
from api.requests.options import JobOptions, job_options
from api.requests.partial import SentFile
from api.requests.received import Received
from api.uploads.charsets import to_utf8
from api.uploads.formats import ADDRESSES, ADVICE, MEDIA_TYPES, Format, Kind, kind_of_file
from api.uploads.magic import only_text
from api.uploads.quoting import checked_tab_quotes, quoted
from shared.errors.input import BadHeader, BadOption
from shared.errors.service import UnsupportedFormat

#: Options without which no byte of a file can be read.
_BEFORE_THE_FILE = ("delimiter", "charset", "quoting")

#: Options of dry runs, which are needed before a form is read.
IN_THE_QUERY = ("validate", "guess", "total_bytes")


class Guesser(Protocol):
    """Guesses options that a request does not give; see `api.submission.guessing`."""

    def read(
        self,
        kind: Kind,
        charset: str | None,
        options: JobOptions,
        file: SentFile,
        sent: Iterator[bytes],
    ) -> tuple[JobOptions, Iterator[bytes]]:
        """Guess how a file is to be read.

        Args:
            kind: the format.
            charset: what the content type names.
            options: those that are given before the file.
            file: whether what was sent is the whole file.
            sent: the file, unpacked, in its charset.

        Returns:
            The options with the guesses, and the file from its beginning.
        """

    def complete(self, options: JobOptions, given: Collection[str]) -> JobOptions:
        """Return options with the guesses so far of those that are not given."""


@dataclass(frozen=True)
class RequestContent:
    """The content of a `POST /jobs`.

    Attributes:
        kind: the format of the rows.
        charset: what the content type of the file names.
        chunks: the rows, unpacked, text as UTF-8; an iterator that can be read once.
        is_form: whether the request is a form, whose fields may follow the file: then `options` is
            complete only when `chunks` was read to its end.
        early_options: the options of the query and of the fields before the file, and guesses.
        is_converted: whether `chunks` differs from what was sent: it was sent in a charset other
            than UTF-8, or without quoting.
        file: the bytes of the file as they were sent.
        received: computes the digest of the file, unpacked and in its charset, while it is read.
    """

    kind: Kind
    charset: str | None
    chunks: Iterator[bytes]
    is_form: bool
    early_options: JobOptions
    is_converted: bool
    file: SentFile
    received: Received
    _query: MultiDict[str, str]
    _fields: MultiDict[str, str] = field(default_factory=MultiDict)
    _guesser: Guesser | None = None

    @property
    def delimiter(self) -> str:
        """The character between the cells of a CSV."""
        return delimiter_of(self.kind, self.early_options)

    @property
    def delimiter_is_named(self) -> bool:
        """Whether an option, or the content type or name of a tab-separated file, names it."""
        return bool(self.early_options.delimiter or self.kind.delimiter)

    @property
    def sources(self) -> tuple[MultiDict[str, str], ...]:
        """The query, and the fields that were read so far; see `job_options`."""
        return (self._query, self._fields)

    @property
    def given(self) -> frozenset[str]:
        """The names of the options that are given; in a form, those that were read so far."""
        return frozenset((*self._query, *self._fields))

    def options(self) -> JobOptions:
        """Return all options; in a form, call it after `chunks` was read to its end.

        Raises:
            shared.errors.input.BadOption: an option cannot be used, or follows a file that was
                read without it, or is one of a dry run in a form: it would come too late.
            shared.errors.input.UnknownOption: there is no such option.
        """
        if not (self.is_form or self._fields or self._guesser):
            # All of them were in the query.
            return self.early_options
        options = self._complete(job_options(*self.sources))
        for name in _BEFORE_THE_FILE:
            if getattr(options, name) != getattr(self.early_options, name):
                reason = "it follows the file; send it before the file, or in the query"
                raise BadOption(option=name, value=self._fields.get(name, ""), reason=reason)
        for name in IN_THE_QUERY:
            value = getattr(options, name)
            if name not in self._query and value != getattr(JobOptions, name):
                raise BadOption(option=name, value=str(value), reason="send it in the query")
        return options

    def with_body(self, body: bytes) -> "RequestContent":
        """The content of another request with the same head, which is no form and not packed."""
        file = SentFile(self.early_options.total_bytes)
        table = _Table(self.kind, self.charset, self.early_options, file, None)
        return _content(table, uncompressed(file.counted(iter([body]))), self._query)

    def _complete(self, options: JobOptions) -> JobOptions:
        return self._guesser.complete(options, self.given) if self._guesser else options


def content_of(request: Request, guesser: Guesser | None = None) -> RequestContent:
    """Begin to read the content of a request; of a form, everything before its file is read.

    Args:
        request: the request.
        guesser: guesses options that are not given; of a dry run that asks for it.

    Raises:
        shared.errors.service.UnsupportedFormat: the content type is none of those that hold rows.
        shared.errors.input.NotMultipart: the form is malformed, or has no file.
        shared.errors.input.BadHeader: the content type says that a CSV has no header.
        shared.errors.input.BadOption: an option cannot be used, or not with this format.
    """
    if request.mimetype == "multipart/form-data":
        return _form(request, guesser)
    kind = MEDIA_TYPES.get(request.mimetype)
    if request.mimetype == ADDRESSES:
        kind = Kind(Format.JSON)
    if kind is None:
        raise UnsupportedFormat(found=request.mimetype or "none", supported=ADVICE)
    options = job_options(request.args)
    _check_header(kind, request.mimetype_params)
    file = SentFile(options.total_bytes)
    return _content(
        _Table(kind, request.mimetype_params.get("charset"), options, file, guesser),
        chunks_of(request, file),
        request.args,
    )


def _form(request: Request, guesser: Guesser | None) -> RequestContent:
    form = MultipartUpload(chunks_of(request), request.mimetype_params.get("boundary"))
    part = form.open()
    media_type, parameters = parse_options_header(part.headers.get("content-type", ""))
    kind = kind_of_file(media_type.lower(), part.filename)
    options = job_options(request.args, form.fields)
    _check_header(kind, parameters)
    file = SentFile(job_options(request.args).total_bytes)
    return _content(
        _Table(kind, parameters.get("charset"), options, file, guesser),
        unpacked(form.chunks(), file),
        request.args,
        form.fields,
    )


def content_of_file(
    name: str,
    chunks: Iterator[bytes],
    file: SentFile,
    query: MultiDict[str, str],
    fields: MultiDict[str, str],
    guesser: Guesser | None = None,
) -> RequestContent:
    """Return the content of a file that is read where it is.

    Args:
        name: of the file; it decides the format.
        chunks: the beginning of the file.
        file: counts its bytes, and knows how many there are.
        query: the options in the query.
        fields: the options in the body.
        guesser: guesses options that are not given; of a dry run that asks for it.

    Raises:
        shared.errors.base.ScorelaneError: an option cannot be used, or the file cannot be read.
    """
    table = _Table(kind_of_file("", name), None, job_options(query, fields), file, guesser)
    # All options are known.
    return replace(_content(table, file.counted(chunks), query, fields), is_form=False)


class _Table(NamedTuple):
    """A file that is about to be read; as `Guesser.read` takes it."""

    kind: Kind
    charset: str | None
    options: JobOptions
    file: SentFile
    guesser: Guesser | None


def _content(
    table: _Table,
    sent: Iterator[bytes],
    query: MultiDict[str, str],
    fields: MultiDict[str, str] | None = None,
) -> RequestContent:
    kind, charset, options, file, guesser = table
    _check_options(kind, options)
    received = Received()
    sent = received.watch(sent)
    if kind.format is not Format.PARQUET:
        sent = only_text(sent)
    if guesser:
        options, sent = guesser.read(kind, charset, options, file, sent)
    chunks, is_converted = _as_read(kind, options, charset, file, sent)
    return RequestContent(
        kind,
        charset,
        chunks,
        is_form=fields is not None,
        early_options=options,
        is_converted=is_converted,
        file=file,
        received=received,
        _query=query,
        _fields=MultiDict() if fields is None else fields,
        _guesser=guesser,
    )


def _check_header(kind: Kind, parameters: Mapping[str, str]) -> None:
    """Refuse a CSV without a header (RFC 4180): its first row would be taken as one, and lost."""
    if kind.format is Format.CSV and parameters.get("header", "").lower() == "absent":
        raise BadHeader(reason="the content type says header=absent")


def delimiter_of(kind: Kind, options: JobOptions) -> str:
    """Return the character between the cells of a CSV."""
    return options.delimiter or kind.delimiter or ","


def _check_options(kind: Kind, options: JobOptions) -> None:
    for name in ("delimiter", "quoting"):
        value = getattr(options, name)
        if value and kind.format is not Format.CSV:
            raise BadOption(option=name, value=value, reason=f"only a CSV has a {name}")
    if options.total_bytes is not None and kind.format not in (Format.CSV, Format.NDJSON):
        reason = f"{kind.format} is read whole; send the whole file without this option"
        raise BadOption(option="total_bytes", value=str(options.total_bytes), reason=reason)


def _as_read(
    kind: Kind, options: JobOptions, charset: str | None, file: SentFile, sent: Iterator[bytes]
) -> tuple[Iterator[bytes], bool]:
    """Return a file as its reader takes it, and whether that differs from what was sent."""
    chunks = _to_utf8(kind, options, charset, file, sent)
    is_converted = chunks is not sent
    if file.total is not None:
        chunks = file.whole_lines(chunks)
    if options.quoting == "none":
        return quoted(chunks, delimiter_of(kind, options)), True
    if not options.quoting and kind.format is Format.CSV and delimiter_of(kind, options) == "\t":
        chunks = checked_tab_quotes(chunks, lambda: file.is_cut)
    return chunks, is_converted


def _to_utf8(
    kind: Kind, options: JobOptions, charset: str | None, file: SentFile, chunks: Iterator[bytes]
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
    return to_utf8(chunks, options.charset or charset, lambda: file.is_cut)
