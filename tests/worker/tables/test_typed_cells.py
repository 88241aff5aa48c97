"""The compiled way reads the same rows of a CSV as Python does, cell by cell."""

import math
import random
import struct
from array import array
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.csv_contents import ODD, ORDINARY, blocks_of, contents, delimiters, with_delimiter

from shared.errors.input import OpenQuote
from shared.signature import ColumnType, Input
from shared.tables.cells import BOOLEANS, MISSING_WORDS
from shared.tables.csv_layout import CsvLayout
from shared.tables.rows import ReadOptions, Rows
from shared.tables.spans import Coded, RowNumbers, Spans
from worker.steps.frames import frame_of
from worker.tables.typed_cells import read_csv

pytestmark = pytest.mark.skipif(read_csv is None, reason="nothing was compiled")

LIMIT = 10**6

#: Cells of numbers, and such as look like them.
NUMBERS = [
    "0", "-0", "+1", "007", "12.5", ".5", "5.", ".", "-", "+", "", "1e5", "1E-5", "1e+22", "1e23",
    "1e400", "-1e400", "1e-400", "4.9e-324", "2.2250738585072011e-308", "1_000", "1,5", "1.234,5",
    " 7", "7\u00a0", "\t8 ", "9e", "e9", "1e99999", "0e99999", "0x10", "inf", "-inf", "infinity",
    "1.0", "1.00", "1.50", "22.0", "9007199254740992", "9007199254740993", "-9007199254740993",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "12345678901234567890", "0.00000000000000000000012345678901234567", "0" * 30 + "1",
    "123456789012345678901234567890", "0.1234567890123456789012345", "1.7976931348623157e308",
    "1.7976931348623159e308", "179769313486231580793e289", "\u0661\u0662", "1\u0660", "--1", "1-",
    "1 2", "8.5e-27", "18446744073709551615e-27", "18446744073709551615e27", "9007199254740993e-1",
]  # fmt: skip
WORDS = [*sorted(MISSING_WORDS), *BOOLEANS, "TRUE", "False", "tRuE", "Nan", "NULL ", "\u00e9"]
TIMES = ["2024-01-31", "2024-01-31T12:00:00.123456789Z", "2024-02-30", "2024-01-31 01:02:03+02:00"]
CELLS = [*NUMBERS, *WORDS, *TIMES]

numbers = st.one_of(
    st.sampled_from(NUMBERS),
    st.floats(allow_nan=False).map(repr),
    st.floats(allow_nan=False).map("{:.20e}".format),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.integers().map(str),
    st.from_regex(r"[+-]?[0-9]{0,22}[.,]?[0-9]{0,22}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
cells = st.one_of(st.sampled_from(CELLS), numbers, st.text(max_size=12))
types = st.sampled_from(["double", "long", "boolean", "string", "datetime"])
inputs = st.builds(Input, name=st.just("x"), type=types, required=st.booleans())


def quoted(cell: str, delimiter: str, *, always: bool) -> str:
    if always or any(sign in cell for sign in ('"', delimiter, "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def both_ways(content: bytes, layout: CsvLayout, options: ReadOptions) -> tuple[Rows, Rows]:
    """The rows by Python, and those by compiled code."""
    ways = (options, replace(options, read_csv=read_csv))
    slow, fast = (layout.read(content, way, offset=100, first_row=7) for way in ways)
    return slow, fast


def bits(column: Sequence[Any]) -> list[Any]:
    """Values that are equal only if all their bits are, except those of NaN."""
    return [
        one if not isinstance(one, float) else "nan" if math.isnan(one) else struct.pack("d", one)
        for one in column
    ]


def check(slow: Rows, fast: Rows, options: ReadOptions) -> None:
    """Both have the same rows, and give the same frame. The values of a row with an error mean
    nothing.
    """
    assert (list(slow.refs), slow.errors) == (list(fast.refs), fast.errors)
    assert [list(one) for one in slow.extras] == [list(one) for one in fast.extras]
    good = [row for row, error in enumerate(slow.errors) if error is None]
    for one, another in zip(slow.inputs, fast.inputs, strict=True):
        if isinstance(one, array):
            assert isinstance(another, array)
            assert one.typecode == another.typecode
        assert bits([one[row] for row in good]) == bits([another[row] for row in good])
    whole = [None] if len(good) == len(slow) else []
    for wanted in [good, *whole] if good else []:
        frames = [frame_of(options.inputs, rows.inputs, wanted) for rows in (slow, fast)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, CsvLayout, ReadOptions]:
    width = draw(st.integers(1, 4))
    delimiter = draw(delimiters)
    columns = draw(st.lists(inputs, min_size=1, max_size=width))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=30))
    always, end = draw(st.booleans()), draw(st.sampled_from(["\n", "\r\n"]))
    lines = [delimiter.join(quoted(cell, delimiter, always=always) for cell in row) for row in rows]
    lines = [line or '""' for line in lines]
    if draw(st.booleans()):
        lines.insert(
            draw(st.integers(0, len(lines))), draw(st.sampled_from(["", "a\0b", 'a"b', "1"]))
        )
    content = end.join(lines) + draw(st.sampled_from([end, ""]))
    order = draw(st.permutations(range(width)))
    layout = CsvLayout(
        delimiter=delimiter,
        width=width,
        text=order[0],
        more=tuple(order[1 : len(columns)]),
        ref=draw(st.none() | st.integers(0, width - 1)),
        carried=tuple(draw(st.lists(st.integers(0, width - 1), max_size=3))),
        decimal=draw(st.sampled_from([".", ","])),
    )
    named = tuple(one.model_copy(update={"name": f"x{at}"}) for at, one in enumerate(columns))
    return content.encode("utf-8", "replace"), layout, ReadOptions(9, LIMIT, named)


@given(tables(), st.sampled_from([1, 9, 40, 1000]), st.sampled_from([10, 30, LIMIT]))
def test_reads_the_same_values(
    table: tuple[bytes, CsvLayout, ReadOptions], block: int, limit: int
) -> None:
    """Values, refs, carried cells and errors are equal to the last bit, whatever the cells are."""
    content, layout, options = table
    outcomes: list[Any] = []
    with blocks_of(block):
        for read in (None, read_csv):
            way = replace(options, max_record_bytes=limit, read_csv=read)
            try:
                outcomes.append(layout.read(content, way, offset=100, first_row=7))
            except OpenQuote as error:
                outcomes.append(str(error))
    slow, fast = outcomes
    if isinstance(slow, Rows) and isinstance(fast, Rows):
        check(slow, fast, options)
    else:
        assert slow == fast


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", ["double", "long", "boolean", "string", "datetime"])
def test_reads_each_cell_as_python_does(kind: ColumnType, decimal: str, *, required: bool) -> None:
    """Every odd spelling gives the same value or the same error, alone and among others."""
    options = ReadOptions(100, LIMIT, (Input(name="x", type=kind, required=required),) * 1)
    layout = CsvLayout(width=2, text=1, ref=0, delimiter=";", decimal=decimal)
    if options.only_text:
        options = replace(options, inputs=(*options.inputs, Input(name="y")))
        layout = layout.model_copy(update={"more": (0,)})
    for always in (True, False):
        lines = [f"{row};{quoted(cell, ';', always=always)}\n" for row, cell in enumerate(CELLS)]
        check(*both_ways("".join(lines).encode(), layout, options), options)


@given(contents, delimiters, st.sampled_from([10, 30, LIMIT]), st.sampled_from([1, 9, 40, 1000]))
def test_reads_the_same_texts(content: bytes, delimiter: str, limit: int, block: int) -> None:
    """Texts are the same too, in files with everything that a CSV may hold."""
    content = with_delimiter(content, delimiter)
    layout = CsvLayout(delimiter=delimiter, carried=(1, 0))
    outcomes: list[Any] = []
    with blocks_of(block):
        for read in (None, read_csv):
            options = ReadOptions(5, limit, read_csv=read)
            try:
                outcomes.append(layout.read(content, options, offset=100, first_row=7))
            except OpenQuote as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_an_odd_line_changes_no_other() -> None:
    """Two odd lines among ordinary ones are read as by the csv module."""
    for first, second in product(ODD, ORDINARY + ODD):
        content = "".join([ORDINARY[0], first, second, *ORDINARY]).encode()
        outcomes: list[Any] = []
        for read in (None, read_csv):
            try:
                outcomes.append(CsvLayout().read(content, ReadOptions(9, LIMIT, read_csv=read)))
            except OpenQuote as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1], content


@pytest.mark.parametrize("odd_lines", [False, True])
def test_reads_many_rows(*, odd_lines: bool) -> None:
    """Thousands of odd cells, quoted cells, blank lines and odd lines are read as by Python."""
    draws = random.Random(18)  # noqa: S311  no secret
    lines = []
    for row in range(3000):
        cells_of = [draws.choice(CELLS if draws.random() < 0.5 else ["1", "2.5"]) for _ in range(5)]
        line = ";".join(
            quoted(cell, ";", always=draws.random() < 0.2) for cell in [str(row), *cells_of]
        )
        lines.append(line + draws.choice(["\n", "\r\n", "\n\n", "\r\n\r\n"]))
        if odd_lines and draws.random() < 0.01:
            lines.append(draws.choice(ODD[:5]))
    kinds: list[ColumnType] = ["double", "long", "boolean", "double", "string"]
    inputs_of = tuple(
        Input(name=f"x{at}", type=kind, required=at == 3) for at, kind in enumerate(kinds)
    )
    layout = CsvLayout(delimiter=";", width=6, text=1, more=(2, 3, 4, 5), ref=0, carried=(5, 1, 0))
    options = ReadOptions(100, LIMIT, inputs_of)
    with blocks_of(4000):
        check(*both_ways("".join(lines).encode(), layout, options), options)


def test_reads_wide_tables() -> None:
    """A record with more cells than are found at once is read too."""
    width = 5000
    content = "".join(
        ",".join(str(row * width + at) for at in range(width)) + "\n" for row in range(3)
    )
    options = ReadOptions(
        100, LIMIT, tuple(Input(name=f"x{at}", type="long") for at in range(width))
    )
    layout = CsvLayout(width=width, text=0, more=tuple(range(1, width)), ref=0)
    slow, fast = both_ways(content.encode(), layout, options)
    assert slow == fast
    assert fast.inputs[-1].tolist() == [4999, 9999, 14999]


def test_doubles_are_the_nearest() -> None:
    """Random doubles are read as Python reads them, whether they have few digits or many."""
    draws = random.Random(17)  # noqa: S311  no secret
    written = []
    for _ in range(20_000):
        bits_of = draws.getrandbits(64)
        (double,) = struct.unpack("d", struct.pack("Q", bits_of))
        small = (draws.random() - 0.5) * 10 ** draws.randint(-9, 9)
        whole, power = draws.getrandbits(draws.randint(1, 64)), draws.randint(-30, 30)
        if math.isfinite(double):
            written.append(repr(double))
        written += [
            repr(small),
            f"{small:.{draws.randint(0, 25)}f}",
            f"{whole}e{power}",
            str(whole),
        ]
        # Halfway between two doubles, and next to it.
        even = draws.getrandbits(53) | 1 << 52
        written += [f"{(2 * even + 1) * 5 + one}e-1" for one in (-1, 0, 1)]
        written += [f"{2 * even + 1}.000{one}" for one in (0, 1)]
    content = "".join([f"{cell}\n" for cell in written]).encode()
    options = ReadOptions(100, LIMIT, (Input(name="x", type="double"),), read_csv=read_csv)
    rows = CsvLayout(width=1, text=0, ref=None).read(content, options)
    assert rows.errors.count(None) == len(written)
    assert list(rows.inputs[0]) == list(map(float, written))


def test_columns_stay_lazy() -> None:
    """Refs and carried cells are spans, few different strings are codes, and many are a list."""
    few = "".join([f"{row},{row % 3},{row},x\n" for row in range(3000)])
    options = ReadOptions(100, LIMIT, (Input(name="a"), Input(name="b")), read_csv=read_csv)
    layout = CsvLayout(width=4, text=1, more=(2,), ref=0, carried=(3,))
    rows = layout.read(few.encode(), options)
    assert [type(one) for one in (rows.refs, *rows.inputs, *rows.extras)] == [
        Spans, Coded, list, Spans
    ]  # fmt: skip
    assert rows.inputs[0][:4] == ["0", "1", "2", "0"]
    numbered = layout.model_copy(update={"ref": None}).read(few.encode(), options, first_row=5)
    assert isinstance(numbered.refs, RowNumbers)
    assert numbered.refs[:2] == ["6", "7"]


def test_damaged_bytes_are_found_at_once() -> None:
    """Bytes that are not UTF-8 raise when they are read, not when somebody asks for the cell."""
    options = ReadOptions(100, LIMIT, (Input(name="a", type="double"),), read_csv=read_csv)
    with pytest.raises(UnicodeDecodeError):
        CsvLayout(width=2, text=1, ref=0).read(b"1,2\n\xff,3\n", options)
