"""Checksums of the texts of small jobs, which are in the job's record.

Redis checks nothing when it reads its append-only file after a restart: a text from a damaged disk
comes back as if it were whole.
"""

from xxhash import xxh3_64_hexdigest

from shared.errors.service import DataDamaged


def text_sum(text: bytes) -> str:
    """The checksum of a text: XXH3, 64 bits, as 16 hex digits."""
    return xxh3_64_hexdigest(text)


def checked(text: str, own_sum: str) -> tuple[bytes, bool]:
    """The bytes of a text from Redis, and whether they are those that were written.

    Args:
        text: the text, as the client has decoded it.
        own_sum: its checksum; empty if it has none, because an older release has written it.
    """
    content = text.encode()
    return content, not own_sum or text_sum(content) == own_sum


def result_damaged(job_id: str) -> DataDamaged:
    """The error for a result that is not as it was written."""
    return DataDamaged(key=f"job:{job_id}:result", reason="its content is not what was written")
