"""Replies by which Redis refuses to write: memory, disk, or replicas are missing."""

from redis.exceptions import OutOfMemoryError

#: The reasons, for messages.
MEMORY_FULL, DISK_FULL = "its memory is full", "it cannot write to its disk"
NO_REPLICAS = "too few of its replicas are connected (min-replicas-to-write)"


def refusal(error: BaseException) -> str:
    """Why Redis has refused to write; empty if this is another error.

    Reads still work then, and nothing of a refused command or script was done. With a full memory
    `use_reserve` in `lua/prelude.lua` and deletes work too; for the other reasons they do not.
    """
    text = str(error)
    # In a script an older Redis puts its own words around the reply.
    if isinstance(error, OutOfMemoryError) or "command not allowed when used memory" in text:
        return MEMORY_FULL
    if "NOREPLICAS" in text:
        return NO_REPLICAS
    return DISK_FULL if "MISCONF" in text else ""
