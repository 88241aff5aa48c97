"""Searching the rows of a job by their ref, and those with an error by its kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from api.schema.describe import Parameter
from shared.errors.input import BadOption
from shared.jobs.row_error_kinds import DAMAGED, KINDS, kind_of
from shared.tables.parts import Part
from shared.tables.result_formats import RowFormat

#: What a part has in it that has rows which were lost with a damaged disk; see `kind_of`.
_DAMAGED = b" was damaged "

#: The number of rows that are parsed at once: a page may need few of a part.
ROWS_AT_ONCE = 2048

_CASE = "upper and lower case differ"

REF_PARAMETERS = (
    Parameter("ref", {"type": "string"}, f"The rows with this ref alone; {_CASE}."),
    Parameter(
        "ref_contains",
        {"type": "string", "minLength": 1},
        f"The rows whose ref has this text in it alone; {_CASE}.",
    ),
)

KIND_PARAMETER = Parameter(
    "kind", {"enum": list(KINDS)}, "The rows with this kind of error alone, as in the summary."
)


@dataclass(frozen=True)
class RowSearch:
    """Which rows are wanted; None is no condition.

    A row that was lost with a damaged disk is found by each search for a ref, because its ref is
    lost too.
    """

    ref: str | None = None
    part_of_ref: str | None = None
    kind: str | None = None

    def __bool__(self) -> bool:
        """Whether there is any condition."""
        return self != ANY_ROW

    def may_be_in(self, content: bytes, form: RowFormat) -> bool:
        """Whether a part may have a row that is wanted; reads no row."""
        text = self._ref_bytes(form)
        if self.ref is None or _DAMAGED in content:
            return text in content or _DAMAGED in content
        return content.startswith(text) or b"\n" + text in content

    def candidates(
        self, content: bytes, part: Part, begin: int, form: RowFormat
    ) -> Iterator[tuple[Sequence[int], bytes]]:
        """The rows of a part that may be wanted, some at a time; reads none.

        Args:
            content: of the part.
            part: tells its rows.
            begin: earlier rows are not wanted, except where all rows come at once.
            form: the format of the part.

        Yields:
            Their numbers, from 0, and their bytes.
        """
        lines = content.split(b"\n")[:-1]
        first = part.first_row
        if len(lines) != part.rows:
            # A cell has a line break in it.
            yield range(first, first + part.rows), content
            return
        skip = max(begin - first, 0)
        text, is_damaged = self._ref_bytes(form), _DAMAGED in content
        found = [
            at
            for at, line in enumerate(lines[skip:], skip)
            if text in line or (is_damaged and _DAMAGED in line)
        ]
        for index in range(0, len(found), ROWS_AT_ONCE):
            some = found[index : index + ROWS_AT_ONCE]
            yield [first + at for at in some], b"".join([lines[at] + b"\n" for at in some])

    def _ref_bytes(self, form: RowFormat) -> bytes:
        """Bytes that every row with the ref has that is wanted."""
        if self.ref is not None:
            return form.ref_bytes(self.ref, whole=True)
        return form.ref_bytes(self.part_of_ref or "", whole=False)

    def finds(self, ref: str, error: str | None) -> bool:
        """Whether a row is wanted."""
        kind = kind_of(error) if error else None
        if self.kind not in (None, kind):
            return False
        if kind == DAMAGED:
            return True
        return self.ref in (None, ref) and (self.part_of_ref is None or self.part_of_ref in ref)


#: No condition.
ANY_ROW = RowSearch()


def search_of(query: MultiDict[str, str], *, kinds: bool = False) -> RowSearch:
    """Parse the search of a request.

    Args:
        query: of the request.
        kinds: whether errors can be searched by their kind.

    Raises:
        shared.errors.input.BadOption: an option has two values, or one that cannot be searched for.
    """
    ref, part_of_ref = _only(query, "ref"), _only(query, "ref_contains")
    kind = _only(query, "kind") if kinds else None
    if part_of_ref == "":
        raise BadOption(option="ref_contains", value="", reason="it has no value")
    if ref is not None and part_of_ref is not None:
        reason = "give either ref or ref_contains"
        raise BadOption(option="ref_contains", value=part_of_ref[:80], reason=reason)
    if kind is not None and kind not in KINDS:
        reason = f"it must be one of {', '.join(KINDS)}"
        raise BadOption(option="kind", value=kind[:80], reason=reason)
    return RowSearch(ref, part_of_ref, kind)


def _only(query: MultiDict[str, str], name: str) -> str | None:
    values = query.getlist(name)
    if len(values) > 1:
        raise BadOption(option=name, value=values[1][:80], reason="it has two values")
    return values[0] if values else None
