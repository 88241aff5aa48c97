"""What is counted of the rows of a job, for its reach and its drift: lists of counts, by name.

`REACH` has the counts of `ReachCounts`, in their order. `<column>:<digest>` has the rows of a
column of the model's reference in each of its bins (`Reference.name_of`). So counts of parts and
jobs can be added, each by its name, in any order.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

#: Counts, by name.
Counts = Mapping[str, tuple[int, ...]]

#: The name of the counts of reach. Its form is that of the others: older releases read numbers.
REACH = "-1:reach"


class ReachCounts(NamedTuple):
    """The rows of which it is known what the model has read; see `shared.reach`."""

    rows: int = 0  #: All of them.
    words: int = 0  #: The words that the model has read.
    known: int = 0  #: Those that it knows.
    few_known: int = (
        0  #: The rows of whose words the model knows fewer than half, or that have none.
    )
    none_known: int = 0  #: Those of them with no known word.
    cut: int = 0  #: The rows that have more words than the model reads.
    other_language: int = 0  #: The rows that look like another language.


def reach_in(counts: Counts) -> ReachCounts | None:
    """The counts of reach; None: it is not known of any row."""
    found = counts.get(REACH)
    return ReachCounts(*found) if found else None


def sum_of(several: Iterable[Counts]) -> dict[str, tuple[int, ...]]:
    """The sums of counts with the same names."""
    found: dict[str, tuple[int, ...]] = {}
    for counts in several:
        for name, numbers in counts.items():
            before = found.get(name, (0,) * len(numbers))
            found[name] = tuple(map(sum, zip(before, numbers, strict=True)))
    return found


def text_of(counts: Counts) -> dict[str, str]:
    """Counts in a short form: how many there are, and each that is not 0, with its place."""
    return {
        name: f"{len(numbers)} "
        + ",".join(f"{at}={number}" for at, number in enumerate(numbers) if number)
        for name, numbers in counts.items()
    }


def counts_in(texts: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """The counts in the form of `text_of`."""
    found = {}
    for name, text in texts.items():
        length, _, pairs = text.partition(" ")
        numbers = [0] * int(length)
        for pair in filter(None, pairs.split(",")):
            at, _, number = pair.partition("=")
            numbers[int(at)] = int(number)
        found[name] = tuple(numbers)
    return found
