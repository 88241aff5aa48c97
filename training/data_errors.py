"""The errors of labelled data, each with its message."""

from shared.errors.base import ScorelaneError


class LabelledDataError(ScorelaneError):
    """The labelled data cannot be used."""


class UnreadableData(LabelledDataError):
    """{path} cannot be read as a CSV file: {reason}. It must be UTF-8 with a header line, plain
    (.csv) or gzipped (.csv.gz).
    """


class NotLabelled(LabelledDataError):
    """{path} has {reason}; its columns: {found}. It needs a column 'text', and a label: 'score'
    (0 to 1), 'label5' (0 to 4) or 'label' (0 and 1, or negative, neutral, positive).
    """


class BadLabelledRow(LabelledDataError):
    """{path}, row {row}: {reason}. Rows like this: {count}. Correct or remove them."""


class TooFewLabels(LabelledDataError):
    """There is too little to {purpose}: {found}. It needs {needed}."""
