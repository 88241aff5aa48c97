"""Damages blobs in memory, as a disk does."""

from support.doubles.blobs import InMemoryBlobs


def flip(blobs: InMemoryBlobs, key: str, at: int = -30) -> None:
    """Change one bit of a blob; by default one in the content, near its end."""
    content = bytearray(blobs.contents[key])
    content[at] ^= 1
    blobs.contents[key] = bytes(content)


def cut(blobs: InMemoryBlobs, key: str, share: float = 0.5) -> None:
    """Keep only this share of a blob."""
    content = blobs.contents[key]
    blobs.contents[key] = content[: int(len(content) * share)]
