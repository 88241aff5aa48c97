"""The errors of labelled data, each with its message."""

from shared.errors.base import ScorelaneError


class LabelledDataError(ScorelaneError):
    """The labelled data cannot be used."""


class UnreadableData(LabelledDataError):
    """{path} cannot be read as a CSV file: {reason}. It must have a header line, and be plain or
    gzipped (.csv, .tsv, .csv.gz, .tsv.gz), with the delimiter and the charset of the options, which
    are a comma and UTF-8 if they are not given.
    """


class NotLabelled(LabelledDataError):
    """{path} has {reason}; its columns: {found}. It needs a column 'text', and a label: 'score'
    (0 to 1), 'label5' (0 to 4) or 'label' (0 and 1, or negative, neutral, positive). Other names
    can be given by the text_column and the label_column.
    """


class BadLabelledRow(LabelledDataError):
    """{path}, row {row}: {reason}. Rows like this: {count}. Correct or remove them."""


class NoScores(LabelledDataError):
    """The model gives no score for {rows} of the {all_rows} texts: it knows none of their words.
    Leave these texts out.
    """


class TooFewLabels(LabelledDataError):
    """There is too little to {purpose}: {found}. It needs {needed}."""
