"""The files that a job reads where they are."""

from pydantic import BaseModel, ConfigDict, Field


class Source(BaseModel):
    """A file that a job reads where it is, as it was when the job was accepted.

    The files of a job are read as if they followed each other (concatenated); a part lies within
    one of them.
    """

    model_config = ConfigDict(frozen=True)

    address: str = Field(description="Its whole address, such as `s3://bucket/folder/a.csv`.")
    size: int = Field(ge=0, description="Bytes.")
    etag: str = Field(description="Its version, as the store names it; empty: unknown.")
    owner: str = Field("", description="Who has it read; a redirect is checked for this owner.")
    start: int = Field(ge=0, description="Where it begins in the concatenation, in bytes.")
    rows_at: int = Field(
        0, ge=0, description="Where its first row begins, in bytes of the file: after the header."
    )

    @property
    def end(self) -> int:
        """The offset in the concatenation of the first byte after it."""
        return self.start + self.size


class Sources(BaseModel):
    """What a job that reads files where they are was asked to read.

    The files themselves, which may be many, are in the blob `Spec.upload_key`, as
    `shared.places.sources_list` writes them.
    """

    model_config = ConfigDict(frozen=True)

    addresses: tuple[str, ...] = Field(description="The addresses, as the request has them.")
    files: int = Field(ge=1, description="How many files they are.")
    file_column: bool = Field(
        False, description="Whether the last column of each result row is the row's file."
    )
