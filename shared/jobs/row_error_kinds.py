"""The kinds of errors that a row can have."""

import re

#: The kind of an error, by what its text begins with. Of two that begin alike the longer is first.
_KINDS = {
    "the text is empty": "empty",
    "the text has a NUL": "nul",
    "the text has ": "too_long",
    "the text is missing": "missing",
    "the text is not a string": "not_a_string",
    "the row has more than": "too_long",
    "the row has ": "ragged",
    "the row is not CSV": "not_csv",
    "the line is not ": "not_json",
    "the line has more than": "too_long",
    "the model could not score": "model_raised",
    "the model gave no ": "no_number",
    "the upload was damaged": "damaged",
    "the result was damaged": "damaged",
    "scoring this text ended": "fatal",
    "scoring this row did not end": "given_up",
}

#: The kinds of the errors of cells, which begin with the name of a column.
_OF_CELLS = {
    re.compile(r" is missing$"): "missing",
    re.compile(r" is not (a number|a whole number|true or false|a date or time|a string)\b"): (
        "wrong_type"
    ),
    re.compile(r" is too large"): "too_large",
    re.compile(r" has [\d,]+ characters;"): "too_long",
    re.compile(r" has a NUL character,"): "nul",
}

#: The kind of an error whose text is not known.
_OTHER = "other"

#: The kind of the errors of rows that were lost with a damaged disk.
DAMAGED = "damaged"

#: All kinds, in alphabetical order.
KINDS = tuple(sorted({*_KINDS.values(), *_OF_CELLS.values(), _OTHER}))


def kind_of(error: str) -> str:
    """The kind of a row's error: one of a few words, `other` if the text is not known."""
    for begin, kind in _KINDS.items():
        if error.startswith(begin):
            return kind
    return next((kind for form, kind in _OF_CELLS.items() if form.search(error)), _OTHER)
