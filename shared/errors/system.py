"""Words for errors of the operating system."""


def sentence_of(error: OSError) -> str:
    """What went wrong, as a sentence that begins with the file, if there is one."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."
