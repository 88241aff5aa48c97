"""Writes an object of a store while its content is made; it appears whole, or not at all."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from shared.storage.object_blobs import PIECES_AT_A_TIME
from shared.storage.object_files import PIECE_BYTES, ObjectWriter

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ObjectStore


@contextmanager
def uploading(
    store: "ObjectStore",
    key: str,
    attributes: "Attributes",
    errors: Callable[[], AbstractContextManager[None]],
) -> Iterator[BinaryIO]:
    """A file to write to, in constant memory. The object appears when the block ends.

    If the block raises, there is no object, and nothing is left of it.

    Args:
        store: where to write.
        key: of the object.
        attributes: headers with which the store gives the object to others.
        errors: wraps what the store raises.
    """
    import obstore  # noqa: PLC0415  see `shared.storage.opening`

    def put(content: bytes | Iterator[bytes]) -> None:
        with errors():
            obstore.put(
                store,
                key,
                content,
                attributes=attributes,
                chunk_size=PIECE_BYTES,
                max_concurrency=PIECES_AT_A_TIME,
            )

    writer = ObjectWriter(put)
    try:
        yield cast("BinaryIO", writer)
    except BaseException:
        writer.break_off()
        raise
    writer.commit()
