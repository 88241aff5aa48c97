"""Examples of errors for the OpenAPI document: messages with values in the places of fields."""

from string import Formatter

from shared.errors import aliases as alias_errors
from shared.errors import input as input_errors
from shared.errors import output as output_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

_JOB_ID = "0197b7c7c4a3e5f6a7b8c9d0e1f2a3b4"

#: The value of a field, by its name, in all errors that have no other one below.
_VALUES = {
    "advice": "Send it with Content-Encoding: gzip.",
    "batch_id": f"batch_{_JOB_ID}",
    "byte": "0xe9",
    "charset": "utf-9",
    "column": "review",
    "columns": "'text'",
    "encoding": "UTF-8",
    "file_id": f"file-{_JOB_ID}",
    "first": "17",
    "found": "'id', 'text'",
    "full_name": "fast@e5cff74e16d3",
    "host": "example.org",
    "job_id": _JOB_ID,
    "kind": "gzip",
    "last": "19",
    "lengths": "'ref' has 2 values, 'text' has 3",
    "limit": "1,000",
    "line": "17",
    "model": "quick",
    "models": "deep, fast",
    "name": "ref",
    "offered": "text/csv, application/x-ndjson, application/json",
    "offset": "1,024",
    "option": "text_column",
    "options": "model, text_column, ref_column, rename, outputs",
    "origin": "https://example.org",
    "param": "completion_window",
    "problem": "the cell has more after its closing quote",
    "reason": "it has no value",
    "received": "1,024 of 4,096 bytes",
    "row": "17",
    "rows": "1,000",
    "scope": "submit",
    "seconds": "30",
    "state": "running",
    "supported": "text/csv, application/x-ndjson or application/json",
    "unit": "bytes",
    "value": "",
    "wanted": "image/png",
    "what": "100 jobs of 50,000,000 rows",
    "where": "before the end of the file",
    "why": "",
}

#: Values for single errors.
_OF: dict[type[ScorelaneError], dict[str, str]] = {
    errors.ModelUploadsOff: {"reason": "SCORELANE_MODEL_UPLOADS is not true"},
    errors.ModelsNotWritable: {"reason": "s3://bucket does not answer"},
    input_errors.BadModelArchive: {"reason": "it has no card.json"},
    alias_errors.AmbiguousVersion: {
        "model": "quick@3f2a",
        "candidates": "quick@3f2a1b2c3d4e, quick@3f2a9c8d7e6f",
    },
    alias_errors.BadAlias: {
        "alias": "decade",
        "reason": "it could be the beginning of a version: use a word with other letters than "
        "a to f",
    },
    alias_errors.NoSuchAlias: {"alias": "challenger", "aliases": "champion"},
    alias_errors.AliasMoved: {
        "alias": "champion",
        "found": "3f2a1b2c3d4e",
        "expected": "e5cff74e16d3",
    },
    alias_errors.NoChampion: {
        "alias": "champion",
        "version": "quick@3f2a1b2c3d4e",
        "reason": "which no worker has",
    },
    alias_errors.NotServed: {"alias": "champion", "version": "quick@3f2a1b2c3d4e"},
    alias_errors.VersionInUse: {
        "version": "quick@3f2a1b2c3d4e",
        "reason": "jobs wait for it",
        "advice": "With force=true it is removed all the same, and these jobs fail.",
    },
    errors.BadIdempotencyKey: {"reason": "it is empty"},
    errors.DataDamaged: {
        "key": "v1/files/of-alice/0197b7c7c4a3e5f6a7b8c9d0e1f2a3b4/content",
        "reason": "it was cut, and has 1,024 bytes now",
    },
    errors.BudgetSpent: {
        "who": "This API key",
        "budget": "1,000,000",
        "left": "12,000",
        "rows": "50,000",
        "advice": "Send it again after 2026-12-01 00:00 UTC, when the next day's budget begins.",
    },
    errors.ResultsDamaged: {
        "rows": "rows 1,001 to 2,000",
        "advice": "Fetch all other rows with partial=true.",
    },
    errors.SourceUnavailable: {"address": "s3://data/reviews.csv"},
    errors.JobEnded: {"state": "succeeded"},
    errors.NoResults: {"state": "cancelled"},
    errors.RowsDeleted: {"reason": "its results were downloaded"},
    errors.NotRetryable: {"state": "succeeded"},
    errors.PerhapsAccepted: {"reason": "ConnectionError"},
    errors.StoreUnavailable: {"reason": "ConnectionError"},
    errors.StoreFull: {"reason": "its memory is full"},
    errors.StreamsFull: {"limit": "16"},
    errors.TooLarge: {
        "what": "JSON body",
        "limit": "16,777,216",
        "advice": "Send the rows as a CSV.",
    },
    errors.TooManyRequests: {"limit": "6,000"},
    errors.UnsupportedEncoding: {"found": "br"},
    errors.UnsupportedFormat: {"found": "image/png"},
    errors.VersionGone: {
        "reason": "no worker serves fast@e5cff74e16d3 any more; it has scored 1,000 rows, and one "
        "version scores all rows of a job",
        "advice": "Retry it with model=fast@3f2a1b2c3d4e, which scores all rows again.",
    },
    input_errors.BadCallback: {"reason": "it must be http://HOST/... or https://HOST/..."},
    input_errors.BadFirstLine: {"reason": "it is not JSON"},
    input_errors.PaddedName: {"column": " sex"},
    input_errors.BadHeader: {"reason": "it has a quote that is not closed"},
    input_errors.BadOption: {
        "option": "delimiter",
        "value": "ab",
        "reason": "it must be one ASCII character and no quote or line break",
    },
    input_errors.BadParquet: {"reason": "its end is missing"},
    input_errors.BadPlace: {
        "address": "s3://data//reviews.csv",
        "reason": "its path has two slashes in a row, or begins with one",
    },
    output_errors.OutputDenied: {
        "address": "s3://data/scores/",
        "reason": "s3://data denies access (AccessDenied). The credentials need the right to read, "
        "write, list and delete there.",
    },
    output_errors.OutputNotChecked: {
        "address": "s3://data/scores/",
        "reason": "s3://data answers with an error (503 Service Unavailable). It is tried again.",
    },
    output_errors.OutputTaken: {
        "address": "s3://data/scores/",
        "job": "01a204966fa35422ff536f2ca2bb56e4",
    },
    input_errors.SourceMissing: {"what": "file", "address": "s3://data/reviews.csv"},
    input_errors.SourceDenied: {"address": "s3://data/reviews.csv"},
    input_errors.SourceChanged: {"address": "s3://data/reviews.csv"},
    input_errors.InFile: {
        "address": "s3://data/reviews.csv",
        "reason": "The columns differ from those of s3://data/first.csv.",
    },
    input_errors.RowsOrAddresses: {"media_type": "application/vnd.scorelane.job+json"},
    input_errors.PlaceNotAllowed: {
        "verb": "read",
        "address": "s3://data/reviews.csv",
        "line": "alice read s3://data/",
    },
    input_errors.BadRequestField: {"reason": "it must be 24h here"},
    input_errors.HalfCharacter: {"where": "The ref of row 17"},
    input_errors.UnequalLabels: {"what": "differs from another one in the label '7'"},
    input_errors.NoRows: {"what": "it has a header line only"},
    input_errors.NotGzip: {"reason": "it ends before its end"},
    input_errors.NotJson: {"reason": "it ends at byte 17"},
    input_errors.NotMultipart: {"reason": "it has no file"},
    input_errors.NotRows: {"found": "a number"},
    input_errors.UnknownOption: {"option": "text_colum"},
}


def example_of(kind: type[ScorelaneError]) -> str:
    """The message of an error as a client may get it."""
    message = kind.message()
    fields = {name for _, name, _, _ in Formatter().parse(message) if name}
    known = {**_VALUES, **_OF.get(kind, {})}
    return message.format_map({name: known.get(name, "...") for name in fields})
