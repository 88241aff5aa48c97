"""Made reviews: seeded, of natural length and vocabulary, as a CSV has them.

Word frequencies follow Zipf's law as Mandelbrot stated it, p(r) ~ 1 / (r + q)^s, over a vocabulary
of 40,000; lengths a gamma distribution. In short reviews of several kinds (10,000 of each) the most
frequent word is 3 to 7 % of all words, the first hundred are 43 to 53 %, the first thousand 69 to
86 %, and 77 to 99 % are in the vocabulary of the bundled models; here it is 6, 57, 82 and 80 %.
"""

import csv
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.report import BadUse, Options
from benchmarks.words import BAD, BEYOND_ASCII, GOOD, vocabulary

#: Words of a text: at most, and on average (before the cut at the most).
MOST_WORDS = 60
MEAN_WORDS = 18.0

#: Of all texts, those with a word beyond ASCII.
BEYOND_ASCII_SHARE = 0.02

_VOCABULARY = 40_000
_SHIFT = 3.5
_ZIPF = 1.2
_TABLE = 2**21

#: Texts drawn at once: bounds the memory, and says which texts a seed gives.
_CHUNK = 50_000


def texts(n: int, seed: int) -> list[str]:
    """`n` reviews; the first ones of a longer list with the same seed are the same."""
    return list(islice(_drawn(seed), n))


def write_csv(path: Path, n: int, seed: int) -> None:
    """Write `n` reviews as a CSV with the columns `ref` (1, 2, ...) and `text`."""
    _write(path, islice(_drawn(seed), n))


def read_csv(path: Path, n: int) -> list[str]:
    """The first `n` texts of a user's own CSV (UTF-8, a column `text`), or all if it has fewer.

    Line breaks in them become spaces: not every reference reads a cell of two lines.

    Raises:
        benchmarks.report.BadUse: it is not such a file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if "text" not in (rows.fieldnames or []):
                raise BadUse(f"{path} has no column 'text': rename the one that holds the texts.")
            filled = (row["text"] for row in rows if (row["text"] or "").strip())
            found = [" ".join(text.splitlines()) for text in islice(filled, n)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadUse(f"{path} cannot be read: {error}") from error
    if not found:
        raise BadUse(f"{path} has no row with a text.")
    return found


def chosen(options: Options, n: int) -> list[str]:
    """The texts to score: of the user's CSV, if one was given, or made ones."""
    return read_csv(options.csv, n) if options.csv else texts(n, options.seed)


def save(options: Options, path: Path, n: int) -> int:
    """Write the texts to score as `write_csv` does; how many there are, `n` or fewer."""
    if options.csv is None:
        write_csv(path, n, options.seed)
        return n
    these = read_csv(options.csv, n)
    _write(path, iter(these))
    return len(these)


def labels(these: list[str]) -> list[int]:
    """A label for each text: 1 where it praises more than it blames, by the words it was made of.

    For fitting pipelines to; a text with neither gets a label by its length, so that both occur.
    """
    worth = dict.fromkeys(BAD, -1) | dict.fromkeys(GOOD, 1)
    balances = [sum(worth.get(word, 0) for word in text.lower().split()) for text in these]
    return [
        int(balance > 0) if balance else len(text) % 2
        for balance, text in zip(balances, these, strict=True)
    ]


def _write(path: Path, these: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ref", "text"])
        writer.writerows(enumerate(these, 1))


def _drawn(seed: int) -> Iterator[str]:
    random = np.random.default_rng(seed)
    while True:
        yield from _chunk(random)


@cache
def _forms() -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int32]]:
    """Every word in every form that it is written in, form by form; ranks to draw words from."""
    words = vocabulary(_VOCABULARY)
    capital = [word[0].upper() + word[1:] for word in words]
    forms = [
        words,
        [f"{word}," for word in words],
        [f"{word}." for word in words],
        [f"{word}!" for word in words],
        capital,
        [f"{word}," for word in capital],
        [f'"{word}"' for word in words],
        [word.upper() for word in words],
    ]
    weights = (np.arange(1, len(words) + 1) + _SHIFT) ** -_ZIPF
    # Drawing from a table that holds each rank as often as it is due is quicker than by bisection.
    due = (np.arange(_TABLE) + 0.5) * (weights.sum() / _TABLE)
    ranks = np.searchsorted(np.cumsum(weights), due).astype(np.int32)
    flat: npt.NDArray[np.object_] = np.array([*chain(*forms), *BEYOND_ASCII], dtype=object)
    return flat, ranks


_PLAIN, _COMMA, _STOP, _SHOUT, _CAPITAL, _CAPITAL_COMMA, _QUOTED, _UPPER = range(8)


def _chunk(random: np.random.Generator) -> Iterator[str]:
    flat, ranks = _forms()
    lengths = random.gamma(2.6, MEAN_WORDS / 2.6, _CHUNK).round().clip(1, MOST_WORDS).astype(int)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    total = int(ends[-1])

    # One word of 22 ends a clause, one of 26 a sentence; the next word has a capital.
    chance = random.random(total)
    form = np.select(
        [chance < 0.045, chance < 0.08, chance < 0.084, chance < 0.087, chance < 0.09],
        [_COMMA, _STOP, _SHOUT, _QUOTED, _UPPER],
        _PLAIN,
    )
    # Nine texts of ten begin with a capital, and most that are no mere phrase end as a sentence.
    first = np.zeros(total, dtype=bool)
    first[begins] = random.random(_CHUNK) < 0.9
    first[1:] |= np.isin(form[:-1], (_STOP, _SHOUT))
    last = ends - 1
    closed = (random.random(_CHUNK) < 0.85) & (lengths > 4)
    form[last] = np.where(closed, np.where(random.random(_CHUNK) < 0.9, _STOP, _SHOUT), _PLAIN)
    form[first & (form == _PLAIN)] = _CAPITAL
    form[first & (form == _COMMA)] = _CAPITAL_COMMA

    words = ranks[random.integers(0, len(ranks), total)]
    indices = words + form * _VOCABULARY
    odd = begins + (random.random(_CHUNK) * lengths).astype(int)
    odd = odd[random.random(_CHUNK) < BEYOND_ASCII_SHARE]
    indices[odd] = 8 * _VOCABULARY + random.integers(0, len(BEYOND_ASCII), len(odd))

    pieces: list[Any] = flat[indices].tolist()
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        yield " ".join(pieces[begin:end])
