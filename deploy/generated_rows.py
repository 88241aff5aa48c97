"""Generates valid and invalid rows to score, repeatably by a seed; texts resemble reviews."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

HEADER = ["ref", "text", "source"]

_OPENERS = ["Honestly,", "To be fair,", "In short:", "For what it cost,", "As for the ending,", ""]
_SUBJECTS = [
    "the film",
    "this story",
    "every scene",
    "the soup",
    "our waiter",
    "the music",
    "its second half",
    "Zoë's café",
    "the Škoda",
    "el final",
    "作品",
]
_VERBS = ["was", "felt", "seemed", "is", "was not", "never felt", "could have been", "remains"]
_JUDGEMENTS = ["a joy", "dull", "wonderful", "rather slow", "a waste of time", "charming", "bad",
               "not bad at all", "the best in years", "terrible", "fine", "moving", "too long",
               "sweet and funny", "broken on arrival", "worth every penny", "bien"]  # fmt: skip
_JOINS = ["and", "but", "because", "although", "while", "so"]
_ENDS = [".", "!", "...", "?", " \N{THUMBS UP SIGN}", ", I don't know."]
_SYLLABLES = ["ba", "cor", "den", "fi", "gra", "lo", "mi", "nor", "pel", "ra", "sto", "tu", "ven"]

#: Texts that a careless CSV reader converts to another type.
_TRAPS = ["NA", "null", "007", "12345678901234567890", "=1+1", "nan", "True"]


class Row(NamedTuple):
    """A generated row."""

    ref: str
    text: str
    error: str | None  #: A word that the error must contain; None for a valid row.


def write_csv(path: Path, rows: int, seed: int) -> list[Row]:
    """Write a CSV with `rows` rows; the same seed gives the same file.

    Returns:
        The rows, in the order of the file.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(HEADER)
        return list(_write(file, rows, random.Random(seed)))  # noqa: S311  test data, no secret


def _write(file: TextIO, rows: int, chance: random.Random) -> Iterator[Row]:
    unix, dos = csv.writer(file, lineterminator="\n"), csv.writer(file, lineterminator="\r\n")
    for number in range(rows):
        # Special rows occur at positions that no part size divides.
        ref = f"{number:07d}" if number % 11 else f"é {number}"
        cells, error = [ref, _text(chance), "made"], None
        match number % 487:
            case 3:
                cells[1], error = "", "empty"
            case 101:
                cells[1], error = " \n ", "empty"
            case 211:
                cells, error = cells[:2], "cells"
            case 307:
                cells, error = [*cells, "one too many"], "cells"
            case 401:
                cells[1], error = f"{cells[1]}\0", "NUL"
            case 17 | 450:
                cells[1] = chance.choice(_TRAPS)
        (dos if number % 7 == 0 else unix).writerow(cells)
        yield Row(ref, cells[1], error)


def _text(chance: random.Random) -> str:
    clauses = [_clause(chance)]
    while chance.random() < 0.7:
        clauses.append(f"{chance.choice(_JOINS)} {_clause(chance)}")
    text = f"{chance.choice(_OPENERS)} {' '.join(clauses)}{chance.choice(_ENDS)}".strip()
    if chance.random() < 0.05:
        text = text.replace(" ", "\n", 1)  # a line break inside quotes
    if chance.random() < 0.05:
        text = f'They said "{text}", and more.'
    return text


def _clause(chance: random.Random) -> str:
    # Names that no model knows, as in real texts.
    rare = "".join(chance.choices(_SYLLABLES, k=3)).title() if chance.random() < 0.3 else ""
    words = [chance.choice(_SUBJECTS), "of" if rare else "", rare, chance.choice(_VERBS)]
    return " ".join([word for word in words if word] + [chance.choice(_JUDGEMENTS)])
