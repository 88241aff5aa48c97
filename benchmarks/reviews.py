"""Generates reviews of natural length and vocabulary, repeatably by a seed.

Word frequencies follow the Zipf-Mandelbrot law (Mandelbrot, 1953), p(r) ~ 1 / (r + q)^s, over a
vocabulary of 40,000 words. Lengths follow a gamma distribution. In real short reviews of several
kinds (10,000 each) the most frequent word makes up 3 to 7 % of all words, the first hundred words
43 to 53 %, the first thousand 69 to 86 %, and 77 to 99 % of the words are in the vocabulary of the
bundled models. Here the figures are 6, 57, 82 and 80 %.
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

#: The maximum number of words of a text, and the mean (before the maximum is applied).
MAX_WORDS = 60
MEAN_WORDS = 18.0

#: The share of texts with a word beyond ASCII.
BEYOND_ASCII_SHARE = 0.02

_VOCABULARY = 40_000
_SHIFT = 3.5
_ZIPF = 1.2
_TABLE = 2**21

#: The number of texts drawn at once. It bounds memory; another number would give other texts.
_CHUNK = 50_000


def texts(n: int, seed: int) -> list[str]:
    """Generate `n` reviews. With the same seed, a shorter list is the beginning of a longer one."""
    return list(islice(_drawn(seed), n))


def write_csv(path: Path, n: int, seed: int) -> None:
    """Write `n` generated reviews as a CSV with the columns `ref` (1, 2, ...) and `text`."""
    _write(path, islice(_drawn(seed), n))


def read_csv(path: Path, n: int) -> list[str]:
    """Read the first `n` texts of a user's CSV (UTF-8, with a column `text`), or all if fewer.

    Line breaks in texts become spaces, because not every reference can read them.

    Raises:
        benchmarks.report.BadUse: the file cannot be read, or has no text.
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
    """The texts to score: those of the user's CSV if there is one, else generated ones."""
    return read_csv(options.csv, n) if options.csv else texts(n, options.seed)


def save(options: Options, path: Path, n: int) -> int:
    """Write the texts to score as `write_csv` does; returns their number, `n` or fewer."""
    if options.csv is None:
        write_csv(path, n, options.seed)
        return n
    these = read_csv(options.csv, n)
    _write(path, iter(these))
    return len(these)


def labels(these: list[str]) -> list[int]:
    """Label generated texts for fitting pipelines: 1 for more praise than blame, else 0.

    A text with as many of both gets a label by its length, so that both labels occur.
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
    """All words in all written forms, form by form; and a table of ranks to draw words from."""
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
    # A table that holds each rank in proportion to its frequency is faster than bisection.
    due = (np.arange(_TABLE) + 0.5) * (weights.sum() / _TABLE)
    ranks = np.searchsorted(np.cumsum(weights), due).astype(np.int32)
    flat: npt.NDArray[np.object_] = np.array([*chain(*forms), *BEYOND_ASCII], dtype=object)
    return flat, ranks


_PLAIN, _COMMA, _STOP, _SHOUT, _CAPITAL, _CAPITAL_COMMA, _QUOTED, _UPPER = range(8)


def _chunk(random: np.random.Generator) -> Iterator[str]:
    flat, ranks = _forms()
    lengths = random.gamma(2.6, MEAN_WORDS / 2.6, _CHUNK).round().clip(1, MAX_WORDS).astype(int)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    total = int(ends[-1])

    # One word in 22 ends a clause, one in 26 a sentence; after a sentence comes a capital.
    chance = random.random(total)
    form = np.select(
        [chance < 0.045, chance < 0.08, chance < 0.084, chance < 0.087, chance < 0.09],
        [_COMMA, _STOP, _SHOUT, _QUOTED, _UPPER],
        _PLAIN,
    )
    # 90 % of the texts start with a capital, and most longer ones end with a full stop.
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
