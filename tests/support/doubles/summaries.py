"""Adds up summaries bucket by bucket, without the blocks that the store on Redis adds."""

from collections import Counter
from itertools import zip_longest

from shared.drift.counts import sum_of
from shared.jobs.comparison import LARGEST, Comparison, Counts, Errors, Moments
from shared.jobs.labels import Labels, limited
from shared.jobs.sketch import BLOCK, Numbers, blocks_of, most_blocks
from shared.jobs.summary import OutputSummary, Summary


def put_together(one: Summary, other: Summary) -> Summary:
    """The summary of the rows of both."""
    most = most_blocks(max(one.sketches, other.sketches))
    pairs = zip_longest(one.outputs, other.outputs)
    return Summary(
        outputs=tuple(_added(first, second, most) for first, second in pairs),
        errors=Counter(one.errors) + Counter(other.errors),
        watched=sum_of((one.watched, other.watched)),
        comparisons=tuple(
            compared_in_both(first or Comparison(), second or Comparison())
            for first, second in zip_longest(one.comparisons, other.comparisons)
        ),
    )


def compared_in_both(one: Comparison, other: Comparison) -> Comparison:
    """The comparison of two models on the rows of both."""
    counts = Counter(one.counts.model_dump()) + Counter(other.counts.model_dump())
    labels = Counter(one.changes.counts) + Counter(other.changes.counts)
    rest = one.changes.other + other.changes.other
    largest = sorted((*one.largest, *other.largest), key=lambda each: (-float(each.size), each.row))
    return Comparison(
        counts=Counts(**counts),
        moments=_of_both(one.moments, other.moments),
        errors=Errors(*map(sum, zip(one.errors, other.errors, strict=True))),
        changes=limited(labels, rest, one.changes.too_many or other.changes.too_many),
        largest=tuple(largest[:LARGEST]),
    )


def _of_both(one: Moments, other: Moments) -> Moments:
    if not one.rows or not other.rows:
        return one if one.rows else other
    rows, weight = one.rows + other.rows, one.rows * other.rows / (one.rows + other.rows)
    means = [
        (first * one.rows + second * other.rows) / rows
        for first, second in zip(one[1:4], other[1:4], strict=True)
    ]
    apart = [second - first for first, second in zip(one[1:4], other[1:4], strict=True)]
    squares = [
        first + second + weight * by * by
        for first, second, by in zip(one[4:7], other[4:7], apart, strict=True)
    ]
    product = one.product + other.product + weight * apart[0] * apart[1]
    return Moments(rows, *means, *squares, product)


def _added(one: OutputSummary | None, other: OutputSummary | None, most: int) -> OutputSummary:
    if one is None or other is None or not (one.count and other.count):
        found = one if one and one.count else other or one
        assert found
        return found
    if isinstance(one, Labels):
        assert isinstance(other, Labels)
        counts = Counter(one.counts) + Counter(other.counts)
        return limited(counts, one.other + other.other, one.too_many or other.too_many)
    assert isinstance(other, Numbers)
    scores = [
        score for score in (one.least, other.least, one.most, other.most) if score is not None
    ]
    total = None if None in (one.total, other.total) else one.total + other.total
    if not one.shift:
        pairs = zip(one.blocks[0], other.blocks[0], strict=True)
        bins = tuple(first + second for first, second in pairs)
        return Numbers(total=total, least=min(scores), most=max(scores), blocks={0: bins})
    shift = max(one.shift, other.shift)
    counts = _buckets(one, shift) + _buckets(other, shift)
    while len({bucket // BLOCK for bucket in counts}) > most:
        shift += 1
        counts = _halved(counts, 1)
    return Numbers(
        shift=shift, total=total, least=min(scores), most=max(scores), blocks=blocks_of(counts)
    )


def _buckets(numbers: Numbers, shift: int) -> Counter[int]:
    fine = Counter(
        {
            block * BLOCK + at: count
            for block, counts in numbers.blocks.items()
            for at, count in enumerate(counts)
            if count
        }
    )
    return _halved(fine, shift - numbers.shift)


def _halved(counts: Counter[int], times: int) -> Counter[int]:
    found: Counter[int] = Counter()
    for bucket, count in counts.items():
        found[bucket >> times] += count
    return found
