"""How the summary of a job is written in Redis: two hashes, to which each part is added.

`job:<id>:summary` has rows with an error by kind. `job:<id>:outputs` has for each output, which is
named by its position in the job, `numbers:<n>` and a field `block:<n>:<block>` for each block, or
`labels:<n>`. If two models score the rows, `compared:<n>` has the comparison of each output that
both give. What was counted of rows is in blocks, too: `block:-1:<name>`. A block is a text of
doubles (8 bytes, little-endian), which Lua adds up some ten times as fast as it does with fields of
their own or with JSON.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from shared.jobs.comparison import LARGEST, Comparison
from shared.jobs.labels import MOST_VALUES, Labels
from shared.jobs.sketch import Numbers, most_blocks
from shared.jobs.summary import OutputSummary, Summary

_ERROR = "error:"
_COMPARED = "compared:"

#: What the fields of `Summary.watched` begin with; `lua/watched.lua` has the same.
WATCHED = "block:-1:"

#: In the hash `summary` of older releases: rows with a score from 0 to 1, in each of ten bins.
_BIN, _OLD_BINS = "bin:", 10


def arguments_of(summary: Summary) -> list[Any]:
    """The summary of a part, in the form in which the script `complete_part` takes it."""
    found: list[Any] = [len(summary.errors)]
    for kind, rows in summary.errors.items():
        found += (kind, rows)
    most = most_blocks(summary.sketches)
    for output in summary.outputs:
        if not output.count:
            found.append("nothing")
        elif isinstance(output, Labels):
            found += ("labels", output.model_dump_json(exclude={"kind"}), MOST_VALUES)
        else:
            found += ("numbers", output.shift, *_texts(output), most, len(output.blocks))
            for number, counts in output.blocks.items():
                found += (number, packed(counts))
    for at, one in enumerate(summary.comparisons):
        found += ("comparison", at, one.written(), LARGEST, MOST_VALUES)
    if summary.watched:
        found += ("watched", len(summary.watched))
        for name, counts in summary.watched.items():
            found += (field_of(name), packed(counts))
    return found


def errors_of(summary: Summary) -> dict[str, int]:
    """The fields of the hash `summary`."""
    return {f"{_ERROR}{kind}": rows for kind, rows in summary.errors.items()}


def outputs_of(summary: Summary) -> dict[str, str | bytes]:
    """The fields of the hash `outputs`."""
    fields: dict[str, str | bytes] = {}
    for at, output in enumerate(summary.outputs):
        if isinstance(output, Labels):
            fields[f"labels:{at}"] = output.model_dump_json(exclude={"kind"})
        elif output.count:
            numbers = (str(output.shift), str(len(output.blocks)), *_texts(output))
            fields[f"numbers:{at}"] = " ".join(numbers)
            fields |= {f"block:{at}:{one}": packed(rows) for one, rows in output.blocks.items()}
    fields |= {field_of(name): packed(counts) for name, counts in summary.watched.items()}
    return fields | {
        f"{_COMPARED}{at}": one.written() for at, one in enumerate(summary.comparisons)
    }


def summary_of(errors: dict[str, str], outputs: dict[bytes, bytes]) -> Summary:
    """The summary in the fields of the two hashes.

    Args:
        errors: the hash `summary`; that of an older release has ten bins of scores, too.
        outputs: the hash `outputs`, not decoded.
    """
    pairs = {
        int(name.removeprefix(_COMPARED.encode())): Comparison.read(text)
        for name, text in outputs.items()
        if name.startswith(_COMPARED.encode())
    }
    found = _outputs(
        {name: text for name, text in outputs.items() if not name.startswith(_COMPARED.encode())}
    )
    if any(field.startswith(_BIN) for field in errors):
        found[0] = _with_older(found.get(0), _older(errors))
    return Summary(
        outputs=tuple(found.get(at, Labels()) for at in range(max(found, default=-1) + 1)),
        errors={
            field.removeprefix(_ERROR): int(rows)
            for field, rows in errors.items()
            if field.startswith(_ERROR)
        },
        watched=watched_in(outputs),
        comparisons=tuple(pairs[at] for at in sorted(pairs)),
    )


def field_of(name: str) -> str:
    """The field of counts of `Summary.watched`.

    Older releases take it for a block of an output -1, which no job has, and pass it over.
    """
    return f"{WATCHED}{name}"


def watched_in(fields: Mapping[bytes, bytes]) -> dict[str, tuple[int, ...]]:
    """The counts of `Summary.watched` in the fields of a hash."""
    names = {name: name.decode() for name in fields}
    return {
        names[name].removeprefix(WATCHED): unpacked(block)
        for name, block in sorted(fields.items())
        if names[name].startswith(WATCHED)
    }


def _outputs(fields: dict[bytes, bytes]) -> dict[int, OutputSummary]:
    found: dict[int, OutputSummary] = {}
    blocks: dict[int, dict[int, tuple[int, ...]]] = {}
    numbers: dict[int, list[str]] = {}
    for name, text in fields.items():
        if name.startswith(WATCHED.encode()):
            continue
        kind, *position = name.decode().split(":")
        output = int(position[0])
        if kind == "labels":
            found[output] = Labels.model_validate_json(text)
        elif kind == "numbers":
            numbers[output] = text.decode().split()
        else:
            blocks.setdefault(output, {})[int(position[1])] = unpacked(text)
    for at, (shift, _, total, least, most) in numbers.items():
        found[at] = Numbers(
            shift=int(shift),
            total=float(total),
            least=_number(least),
            most=_number(most),
            blocks=dict(sorted(blocks[at].items())),
        )
    return found


def _older(fields: dict[str, str]) -> Numbers:
    bins = tuple(int(fields.get(f"{_BIN}{at}", 0)) for at in range(_OLD_BINS))
    return Numbers(
        total=float(fields["total"]),
        least=float(fields["least"]),
        most=float(fields["most"]),
        blocks={0: bins},
    )


def _with_older(new: OutputSummary | None, old: Numbers) -> Numbers:
    """The scores of a job of which processes of an older release have scored some parts."""
    if not isinstance(new, Numbers) or new.least is None or new.most is None:
        return old
    bins = new.blocks[0]
    wide = len(bins) // _OLD_BINS
    pairs = enumerate(old.blocks[0])
    return Numbers(
        total=(old.total or 0.0) + (new.total or 0.0),
        least=min(new.least, old.least or 0.0),
        most=max(new.most, old.most or 0.0),
        blocks={0: tuple(rows + sum(bins[at * wide : (at + 1) * wide]) for at, rows in pairs)},
    )


def _texts(numbers: Numbers) -> tuple[str, str, str]:
    # A sum with NaN is NaN.
    total = math.nan if numbers.total is None else numbers.total
    return repr(total), repr(numbers.least), repr(numbers.most)


def packed(counts: Sequence[int]) -> bytes:
    """Counts as a block, which scripts can add to another one."""
    return struct.pack(f"<{len(counts)}d", *counts)


def unpacked(block: bytes) -> tuple[int, ...]:
    """The counts in a block."""
    return tuple(map(int, struct.unpack(f"<{len(block) // 8}d", block)))


def _number(text: str) -> int | float:
    return int(text) if text.removeprefix("-").isdigit() else float(text)
