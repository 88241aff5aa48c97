"""The list of the files that a job reads where they are: a blob in the place of an upload."""

from pydantic import TypeAdapter

from shared.jobs.sources import Source

_LIST = TypeAdapter(tuple[Source, ...])


def written_sources(sources: tuple[Source, ...]) -> bytes:
    """Write a list of files."""
    return _LIST.dump_json(sources)


def read_sources(content: bytes) -> tuple[Source, ...]:
    """Read a list of files.

    Raises:
        ValueError: it is none.
    """
    return _LIST.validate_json(content)
