"""Columns of cells that are made into strings only when somebody asks for them."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, overload

from typing_extensions import override


class _Lazy(Sequence[Any]):
    """A sequence that equals any other with the same elements, as lists do."""

    __slots__ = ()

    def tolist(self) -> list[Any]:
        """All elements."""
        return list(self)

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


class Spans(_Lazy):
    """Cells of a UTF-8 CSV, as places in its bytes.

    Attributes:
        content: the CSV.
        begins: the offset of each cell in `content`; beyond its end, in `extra`.
        ends: the offset after each cell.
        extra: cells that are not in the CSV as they are: those with quotes in them.
    """

    __slots__ = ("begins", "content", "ends", "extra")

    def __init__(
        self, content: bytes, begins: "array[int]", ends: "array[int]", extra: bytes = b""
    ) -> None:
        """Take the places of cells, without a copy."""
        self.content = content
        self.begins = begins
        self.ends = ends
        self.extra = extra

    @override
    def __len__(self) -> int:
        return len(self.begins)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    @override
    def __getitem__(self, at: int | slice) -> str | Self:
        return (
            self._run(at) if isinstance(at, slice) else self._cell(self.begins[at], self.ends[at])
        )

    def _run(self, at: slice) -> Self:
        """Some of the cells."""
        return type(self)(self.content, self.begins[at], self.ends[at], self.extra)

    @override
    def __iter__(self) -> Iterator[str]:
        return map(self._cell, self.begins, self.ends)

    def _cell(self, begin: int, end: int) -> str:
        size = len(self.content)
        cell = self.content[begin:end] if begin < size else self.extra[begin - size : end - size]
        return cell.decode()

    def followed_by(self, other: "Spans") -> "Spans":
        """The cells of two runs of the same CSV."""
        size, shift = len(self.content), len(self.extra)
        begins, ends = other.begins, other.ends
        if shift and other.extra:
            shifts = [shift if begin >= size else 0 for begin in begins]
            begins = array("q", map(int.__add__, begins, shifts))
            ends = array("q", map(int.__add__, ends, shifts))
        extra = self.extra + other.extra
        return Spans(self.content, self.begins + begins, self.ends + ends, extra)


class Texts(Spans):
    """Cells that are texts to score: none is empty or blank, and none has a NUL.

    Attributes:
        characters: the number of characters of each text.
    """

    __slots__ = ("characters",)

    def __init__(self, cells: Spans, characters: "array[int]") -> None:
        """Take cells, without a copy, and their numbers of characters."""
        super().__init__(cells.content, cells.begins, cells.ends, cells.extra)
        self.characters = characters

    @override
    def _run(self, at: slice) -> Self:
        cells = Spans(self.content, self.begins[at], self.ends[at], self.extra)
        return type(self)(cells, self.characters[at])

    def is_ascii(self, at: int) -> bool:
        """Whether all characters of a text are of ASCII."""
        return self.characters[at] == self.ends[at] - self.begins[at]

    def gathered(self) -> bytes:
        """The UTF-8 of all texts, with a NUL between two."""
        return "\0".join(self).encode()

    @override
    def followed_by(self, other: Spans) -> Spans:
        found = super().followed_by(other)
        if not isinstance(other, Texts):
            return found
        return type(self)(found, self.characters + other.characters)


class SharedValues(list[Any]):
    """The different values of many columns; they never change, so what is made of them is kept."""

    _made: Any = None

    def kept(self, make: Callable[[list[Any]], Any]) -> Any:
        """What a function makes of the values, when it is called for the first time."""
        if self._made is None:
            self._made = make(self)
        return self._made


class Coded(_Lazy):
    """Values of which only a few are different.

    Attributes:
        codes: for each row the index of its value in `values`.
        values: the different values.
    """

    __slots__ = ("codes", "values")

    def __init__(self, codes: "array[int]", values: list[Any]) -> None:
        """Take codes and values, without a copy."""
        self.codes = codes
        self.values = values

    @override
    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    @override
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return type(self)(self.codes[at], self.values)
        return self.values[self.codes[at]]

    @override
    def __iter__(self) -> Iterator[Any]:
        return map(self.values.__getitem__, self.codes)


class RowNumbers(_Lazy):
    """The refs of rows that were sent without refs: their numbers, from 1.

    Attributes:
        first: the number of the first row, from 1.
    """

    __slots__ = ("_numbers",)

    def __init__(self, numbers: range) -> None:
        """Take the numbers."""
        self._numbers = numbers

    @property
    def first(self) -> int:
        """The number of the first row."""
        return self._numbers.start

    @override
    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    @override
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            found = self._numbers[at]
            return type(self)(found) if found.step == 1 else list(map(str, found))
        return str(self._numbers[at])

    @override
    def __iter__(self) -> Iterator[str]:
        return map(str, self._numbers)

    def followed_by(self, other: "RowNumbers") -> "RowNumbers | list[str]":
        """The numbers of two runs."""
        if other.first == self._numbers.stop:
            return RowNumbers(range(self.first, other._numbers.stop))
        return [*self, *other]


def joined(first: Any, then: Any) -> Any:
    """The elements of two columns; adds to `first` if it is a list or an array."""
    match first, then:
        case Spans(), Spans() if first.content is then.content:
            return first.followed_by(then)
        case RowNumbers(), RowNumbers():
            return first.followed_by(then)
        case ((list() | array()), _):
            first.extend(then)
            return first
        case _:
            return [*first, *then]
