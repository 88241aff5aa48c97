"""The delimiters of CSV files by name."""

#: Names for delimiters that are hard to type into an address or a shell.
DELIMITERS = {
    "comma": ",",
    "pipe": "|",
    "semicolon": ";",
    "space": " ",
    "tab": "\t",
    r"\t": "\t",
}


def delimiter_of(text: str) -> str:
    """The delimiter of a name; another text unchanged."""
    return DELIMITERS.get(text.lower(), text)
