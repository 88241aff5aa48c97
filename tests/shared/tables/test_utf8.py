"""The check of UTF-8 finds the same bad byte as Python, however the text is cut into chunks."""

import shutil
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors.input import NotText
from shared.tables import utf8
from shared.tables.utf8 import Utf8Validator, check_utf8

#: The first and the last bytes of each kind, by table 3-7 of The Unicode Standard.
EDGES = bytes.fromhex("00 41 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff")

#: The compiled library, if there is one, and the check without it.
WAYS = [None] if utf8.LIBRARY is None else [utf8.LIBRARY, None]

pieces = st.one_of(
    st.sampled_from([b"text of one byte a character " * 3, b"a"]),
    st.text(max_size=4).map(str.encode),
    st.lists(st.sampled_from(EDGES), max_size=4).map(bytes),
)


def python_error_of(content: bytes) -> str | None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return str(
            NotText(
                encoding="UTF-8", offset=f"{error.start:,}", byte=f"0x{content[error.start]:02x}"
            )
        )
    return None


def error_of(chunks: list[bytes]) -> str | None:
    text = Utf8Validator()
    try:
        for chunk in chunks:
            text.feed(chunk)
        text.finish()
    except NotText as error:
        return str(error)
    return None


def check(content: bytes, size: int) -> None:
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    found = []
    for way in WAYS:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(utf8, "LIBRARY", way)
            found.append(error_of(chunks))
    assert found == [python_error_of(content)] * len(WAYS)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_is_compiled_where_there_is_a_compiler() -> None:
    """The installation has compiled the library."""
    assert utf8.LIBRARY is not None


@given(st.lists(pieces, max_size=12).map(b"".join), st.integers(1, 200))
def test_any_bytes_are_checked_as_python_checks_them(content: bytes, size: int) -> None:
    """Good or bad, and at which offset; also if a chunk ends in the middle of a character."""
    check(content, size)


@pytest.mark.parametrize("before", [b"", b"a", b"text before " * 6, "\u20ac".encode()])
def test_the_edges_of_well_formed_sequences(before: bytes) -> None:
    """All sequences of up to three bytes at the edges, and of four bytes that begin well."""
    for size in (1, 2, 3):
        for sequence in product(EDGES, repeat=size):
            check(before + bytes(sequence), 1000)
    for sequence in product(b"\xef\xf0\xf1\xf4\xf5", EDGES, b"\x7f\x80\xbf\xc0", EDGES):
        check(before + bytes(sequence), 1000)


def test_an_empty_chunk() -> None:
    """It does not end a character that is incomplete."""
    assert error_of([b"caf\xc3", b"", b"\xa9"]) is None


@given(
    st.lists(st.one_of(st.text(max_size=5).map(str.encode), st.binary(max_size=4)), max_size=12),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_a_run_is_refused_where_it_cannot_be_decoded(
    pieces: list[bytes], before: int, after: int
) -> None:
    """With the error of Python; what is before and after the run does not matter."""
    run = b"".join(pieces)
    content = b"\xff" * before + run + b"\x80" * after
    try:
        run.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            check_utf8(content, before, before + len(run))
    else:
        check_utf8(content, before, before + len(run))
