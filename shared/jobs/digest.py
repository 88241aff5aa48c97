"""The digest of a file: by which its owner can check that it is the one that was meant."""

import hashlib

from pydantic import BaseModel, ConfigDict, Field


class Digest(BaseModel):
    """The SHA-256 digest of some bytes, and how many there are."""

    model_config = ConfigDict(frozen=True)

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="In hex digits.")
    size: int = Field(ge=0, description="In bytes.")


class Digester:
    """Computes the digest of bytes that pass by."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0  #: The bytes so far.

    def update(self, chunk: bytes) -> None:
        """Add a chunk."""
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def digest(self) -> Digest:
        """The digest of what was added so far."""
        return Digest(sha256=self._hash.hexdigest(), size=self.size)
