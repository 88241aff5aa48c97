"""Replies by which Redis refuses to write: its memory is full, or it cannot write to its disk."""

from redis.exceptions import OutOfMemoryError

#: The reasons, for messages.
MEMORY_FULL, DISK_FULL = "its memory is full", "it cannot write to its disk"


def refusal(error: BaseException) -> str:
    """Why Redis has refused to write; empty if this is another error.

    Reads still work then, and nothing of a refused command or script was done. With a full memory
    `use_reserve` in `lua/prelude.lua` and deletes work too; with a full disk they do not.
    """
    text = str(error)
    # In a script an older Redis puts its own words around the reply.
    if isinstance(error, OutOfMemoryError) or "command not allowed when used memory" in text:
        return MEMORY_FULL
    return DISK_FULL if "MISCONF" in text else ""
