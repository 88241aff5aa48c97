"""Errors of what a client sent: its rows and its options."""

from shared.errors.base import ScorelaneError


class BadInput(ScorelaneError):
    """The input cannot be used."""


class BodyCutOff(BadInput):
    """The connection ended after {received} of the body, so nothing of it was accepted. Send the
    request again; with the same Idempotency-Key it makes one job.
    """


class BodyTooSlow(BadInput):
    """The body stopped for too long after {received}, so nothing of it was accepted. Send the
    request again; with the same Idempotency-Key it makes one job.
    """


class BadChunkedBody(BadInput):
    """The body is not framed as `Transfer-Encoding: chunked` requires (RFC 9112, 7.1), so nothing
    of it was accepted. Leave the framing to the HTTP library, or send a Content-Length.
    """


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


class UnequalLabels(BadInput):
    """The columns cannot be paired: '{name}' {what}. Give all columns the same labels, as pandas'
    to_json does, or send lists.
    """


class HalfCharacter(BadInput):
    """{where} has half of a character (a surrogate without its partner), which no answer can hold.
    Send the whole character, or leave it out.
    """


class NoSuchColumn(BadInput):
    """There is no column '{column}'. The columns found: {found}. Rename the column, or name the
    right one with the option {option}.
    """


class PaddedName(BadInput):
    """The header has blanks around the name '{column}'. The cells of the column may have them too,
    and ' a' is another value than 'a' for the model. Remove the blanks around the delimiters.
    """


class ColumnTaken(BadInput):
    """The column '{column}' cannot be carried through, because the results have a column of
    that name. Rename it in the file, or list the columns to carry with the option columns=a,b.
    """


class DuplicateColumns(BadInput):
    """The header names {columns} more than once. Give every column its own name."""


class NoRows(BadInput):
    """The input is empty: {what}. Send at least one row; in a CSV, below a header line."""


class NotText(BadInput):
    """The file is not {encoding}: byte {offset} ({byte}) cannot be decoded. Save it as UTF-8, or
    name its encoding with the option charset (latin-1, cp1252, utf-16), and send it again.
    """


class Packed(BadInput):
    """The content is {kind}. {advice}"""


class UnknownCharset(BadInput):
    """The charset '{charset}' is not known. Use utf-8, latin-1, cp1252, utf-16 or another one
    that Python knows, or save the file as UTF-8.
    """


class OpenQuote(BadInput):
    """Row {row} (from byte {offset}) opens a quote that is not closed {where}. Close it, or
    double every quote inside a quoted cell. If quotes are characters like any other in this file,
    add quoting=none.
    """


class UnpairedQuote(BadInput):
    """A quote that begins a cell in line {line} does not pair: {problem}. If quotes are characters
    like any other in this file, add quoting=none; otherwise double every quote in a quoted cell.
    """


class MergedRows(BadInput):
    """A quoted cell goes on from line {first} to line {last}, so these rows would be one row. If
    quotes are characters like any other in this file, add quoting=none; if the cell really has
    these line ends, add quoting=double.
    """


class RowTooLong(BadInput):
    """Row {row} (from byte {offset}) is longer than {limit} bytes. Is a line break missing, or the
    file not NDJSON?
    """


class HeaderTooLong(BadInput):
    """The first line is longer than {limit} bytes, so it cannot be a header. Is this a CSV?"""


class BadFirstLine(BadInput):
    """The first line cannot be read as a row: {reason}. Send one object a line, such as
    {{"ref": 1, "text": "I am well"}}.
    """


class BadParquet(BadInput):
    """The Parquet file cannot be read: {reason}. Write it again, or send the rows as a CSV."""


class BadHeader(BadInput):
    """The first line cannot be read as a header: {reason}. Save the file as a CSV whose first line
    names the columns and whose lines end in LF or CRLF.
    """


class CrLineEnds(BadInput):
    r"""The lines of the file end in CR alone, as old Macs wrote them. Save it with lines that end
    in LF or CRLF (tr '\r' '\n' < FILE), and send it again.
    """


class EmptyLine(BadInput):
    """Line {line} is empty, between two rows of a file with one column: it may be an empty text, or
    nothing. Write an empty text as "", or remove the empty lines (grep . FILE).
    """


class NotMultipart(BadInput):
    """The multipart form cannot be read: {reason}. Send the CSV as one file field, as
    `curl -F file=@reviews.csv` does.
    """


class UnknownOption(BadInput):
    """'{option}' is not an option of this request. The options: {options}."""


class BadOption(BadInput):
    """{option}={value} cannot be used: {reason}."""


class BadModelArchive(BadInput):
    """The body is no tar file of a model folder: {reason}. `scorelane add-model --upload` sends
    one.
    """


class BadCallback(BadInput):
    """The callback_url cannot be used: {reason}."""


class NoCallbacks(BadInput):
    """This service sends no callbacks: it has no secret to sign them with. Leave out
    the option callback_url and poll the job, or ask the operator to set SCORELANE_WEBHOOK_SECRETS.
    """


class BadRequestField(BadInput):
    """'{param}' cannot be used: {reason}."""


class UnknownModel(BadInput):
    """There is no model '{model}'{why}. The models here: {models}."""


class TakesColumns(BadInput):
    """The model '{model}' takes the columns {columns}, and POST /sentiment sends one text for each
    row. Send the rows to POST /score.
    """


class BadInferenceBody(BadInput):
    """The request cannot be read as one of {protocol}: {reason}."""


class RowErrors(BadInput):
    """Row {row} cannot be scored: {reason}. Rows with an error: {failed} of {rows}; none was
    answered, because this protocol has no answer for a part of the rows. {advice}
    """


class NotGzip(BadInput):
    """The content claims to be gzip, or looks like it, but cannot be unpacked: {reason}. Pack it
    again, or send it unpacked.
    """


class PlaceError(BadInput):
    """A file or folder that a job names cannot be used."""


class BadPlace(PlaceError):
    """The address '{address}' cannot be used: {reason}."""


class PlaceNotAllowed(PlaceError):
    """This service may not {verb} {address} for you. Whoever runs the service can allow it by a
    line in SCORELANE_PLACES, such as '{line}'.
    """


class RowsOrAddresses(PlaceError):
    """'input' may be a column of rows here, or the address of a file with rows. For rows, send a
    list of them: [{{"input": "a text"}}]. For addresses, send the body with the header
    Content-Type: {media_type}.
    """


class SourceMissing(PlaceError):
    """There is no {what} {address}. Check the address: its case and each `/` count, and that of a
    folder ends in `/`.
    """


class SourceDenied(PlaceError):
    """The credentials of this service may not read {address}, or its server refuses that. Whoever
    runs the service has to give them the right to read and list there.
    """


class SourceChanged(PlaceError):
    """{address} was changed or replaced after the job was accepted, so its rows would be of two
    contents. Submit it again, and let nobody write to it while the job runs.
    """


class InFile(PlaceError):
    """{address}: {reason}"""


def in_file(address: str, error: ScorelaneError) -> InFile:
    """The error of a file that is read where it is, for which `charset` and `quoting` are fixed."""
    instead = "send it as the body of a request, with quoting=none"
    reason = str(error).replace("add quoting=none", instead)
    if isinstance(error, NotText):
        reason = (
            f"The file is not UTF-8: byte {error.fields['offset']} ({error.fields['byte']}) "
            "cannot be decoded. Save it as UTF-8, or send it as the body of a request, with the "
            "option charset."
        )
    return InFile(address=address, reason=reason)
