"""Guessing which columns of an upload are the inputs of a model, and which has the references."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from api.guesses.guess import Guess
from api.uploads.raw_table import RawTable
from shared.signature import Input
from shared.tables.cells import MISSING_WORDS, parse_cells
from shared.tables.json_values import Number
from shared.tables.stored_rows import cell_text

#: Words for columns of texts, the most usual first, as `_plain` writes them.
_TEXT_WORDS = (
    *("text", "texts", "review", "reviewtext", "comment", "comments", "feedback", "tweet"),
    *("message", "content", "body", "sentence", "post", "document", "description", "remark"),
    *("answer", "response", "opinion", "kommentar", "nachricht", "bewertung", "texte", "avis"),
    *("commentaire", "texto", "comentario", "mensaje", "testo", "tekst"),
)

#: Names of columns of references, the most usual first.
_REF_WORDS = (
    *("ref", "reference", "id", "uuid", "guid", "key", "identifier", "rowid", "index", "number"),
    *("no", "nr"),
)

#: What a column of texts has at least, on average, if its name says nothing; and the most
#: characters of a name. Without a header, the first row would be taken for names, and lost.
_LEAST_CHARS, _MOST_NAME_CHARS = 12, 40

#: The most alternatives that are named.
_MOST_OTHERS = 5

_LETTER = re.compile(r"[^\W\d_]").search
_ONE_WORD = re.compile(r"[^\W\d]\w*")


def _plain(name: str) -> str:
    """A name without case, blanks, underscores and hyphens."""
    return re.sub(r"[\s_\-.]+", "", name).casefold()


def guess_text_column(table: RawTable, name: str) -> Guess | None:
    """Guess the column of the texts; None: it has its name, or no column seems to be it.

    It is a column of the same name in other letters, or else one that is called by a usual word,
    or else that with the longest texts. Its cells must be texts.

    Args:
        table: the first rows.
        name: what the model calls its input.
    """
    if name in table.columns or _looks_headless(table.columns):
        return None
    lengths = {
        column: length
        for column in table.columns
        if table.columns.count(column) == 1 and (length := _text_length(table.column(column)))
    }
    by_length = sorted(lengths, key=lambda column: -lengths[column])
    found, why = _by_name(by_length, name)
    if found is None and by_length:
        first = by_length[0]
        if lengths[first] >= _LEAST_CHARS and _ONE_WORD.fullmatch(first):
            why = f"it has the longest texts, of {lengths[first]:.0f} characters on average"
            found = first
    if found is None:
        return None
    reason = f"There is no column '{name}'. Read from '{found}': {why}."
    others = tuple(column for column in by_length if column != found)[:_MOST_OTHERS]
    return Guess("text_column", found, reason, others)


def _by_name(columns: Sequence[str], name: str) -> tuple[str | None, str]:
    """The column of texts by its name, and why; of several, the one with the longest texts."""
    for column in columns:
        if _plain(column) == _plain(name):
            return column, "its name differs in case, blanks or hyphens alone"
    for word in _TEXT_WORDS:
        for column in columns:
            if _plain(column) == word:
                return column, "such columns often hold the texts"
    for word in _TEXT_WORDS:
        for column in columns:
            if word in re.split(r"[\s_\-.]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower()):
                return column, f"'{word}' is in its name"
    return None, ""


def _looks_headless(columns: Sequence[str]) -> bool:
    """Whether the names seem to be the cells of a row."""
    return any(
        len(name) > _MOST_NAME_CHARS or name[-1:] in ".!?" or not _LETTER(name)
        for name in columns
        if name
    )


def _text_length(cells: Sequence[Any]) -> float:
    """The average length of texts with letters; 0 if most cells are something else."""
    filled = [cell for cell in cells if cell not in (None, "")]
    texts = [cell for cell in filled if isinstance(cell, str) and _LETTER(cell)]
    if not filled or len(texts) * 2 <= len(filled):
        return 0
    return sum(map(len, texts)) / len(texts)


def guess_rename(table: RawTable, inputs: Sequence[Input], decimals: str = ".,") -> Guess | None:
    """Guess the columns that are called like inputs but for case, blanks, underscores, hyphens.

    Args:
        table: the first rows.
        inputs: the columns that the model takes.
        decimals: the decimal signs that numbers may have.
    """
    pairs = list[tuple[str, str]]()
    names = {one.name for one in inputs}
    for one in inputs:
        if one.name in table.columns:
            continue
        same = [
            column
            for column in table.columns
            if column not in names and _plain(column) == _plain(one.name)
        ]
        if len(same) == 1 and _fits(one, table.column(same[0]), decimals):
            pairs.append((same[0], one.name))
    if not pairs or len({own for own, _ in pairs}) < len(pairs):
        return None
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"{own}:{name}" for own, name in pairs])
    listed = ", ".join(f"'{own}' for '{name}'" for own, name in pairs)
    reason = f"Columns whose names differ in case, blanks or hyphens alone: {listed}."
    return Guess("rename", line.getvalue(), reason)


def _fits(column: Input, cells: Sequence[Any], decimals: str) -> bool:
    """Whether most of the cells that are not missing have the type of an input."""
    filled = [cell for cell in cells if cell is not None and not _is_missing(cell)]
    if not filled:
        return True
    most = max(len(cell) if isinstance(cell, str) else 1 for cell in filled)
    bad = min(len(parse_cells(column, filled, most, sign)[1]) for sign in decimals)
    return bad * 2 < len(filled)


def _is_missing(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip() in MISSING_WORDS


def guess_ref_column(table: RawTable, taken: Sequence[str]) -> Guess | None:
    """Guess the column of the references; None: it is `ref`, or none seems to be it.

    Every cell must have a value that no other one has.

    Args:
        table: the first rows.
        taken: the columns of the inputs.
    """
    if "ref" in table.columns or not table.rows or _looks_headless(table.columns):
        return None
    free = [name for name in table.columns if name not in taken and table.columns.count(name) == 1]
    tests: tuple[Callable[[str], bool], ...] = (
        *(lambda name, word=word: _plain(name) == word for word in _REF_WORDS),
        lambda name: re.search(r"[\s_\-](id|ID|Id|key|uuid)$|[a-z](Id|ID)$", name) is not None,
    )
    named = dict.fromkeys(name for test in tests for name in free if test(name))
    unique = [name for name in named if _are_unique(table.column(name))]
    if not unique:
        return None
    reason = (
        f"There is no column 'ref'. The values of '{unique[0]}' differ in all {len(table.rows):,} "
        "rows of the preview, so they can be the references."
    )
    return Guess("ref_column", unique[0], reason, tuple(unique[1 : _MOST_OTHERS + 1]))


def _are_unique(cells: Sequence[Any]) -> bool:
    if not all(isinstance(cell, str | int | float | Number) for cell in cells):
        return False
    texts = list(map(cell_text, cells))
    return all(map(str.strip, texts)) and len(set(texts)) == len(texts)


def guess_decimal(table: RawTable, sources: Sequence[tuple[Input, str]]) -> Guess | None:
    """Guess that the numbers of a CSV have a comma as the decimal sign.

    Every number with a comma or a point must be one if the comma is the decimal sign, and there
    must be one that cannot be a number of thousands, as 1,234 can.

    Args:
        table: the first rows.
        sources: the inputs of the model, each with the name of its column.
    """
    seen = list[str]()
    for one, name in sources:
        if one.type not in ("double", "long") or name not in table.columns:
            continue
        signed = [cell for cell in table.column(name) if isinstance(cell, str) and _SIGNS(cell)]
        if signed and parse_cells(one, signed, 0, ",")[1]:
            return None
        seen += [cell for cell in signed if "," in cell]
    sure = next((cell for cell in seen if not _THOUSANDS(cell.strip())), None)
    if sure is None:
        return None
    reason = f"The numbers have commas, such as {sure.strip()[:40]}, and none has a point."
    return Guess("decimal", "comma", reason)


_SIGNS = re.compile(r"[.,]").search

#: A number that is one of thousands, with a comma between them.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+").fullmatch
