"""The guesses of a dry run (`guess=true`): how a file is to be read, and which columns are what."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from typing_extensions import override

from api.guesses.charset import guess_charset
from api.guesses.columns import (
    guess_decimal,
    guess_ref_column,
    guess_rename,
    guess_text_column,
)
from api.guesses.csv_form import guess_csv
from api.guesses.guess import Guess
from api.process.body_memory import Reservation
from api.requests.content import Guesser
from api.requests.option_values import PARSERS
from api.requests.options import JobOptions
from api.requests.partial import SentFile
from api.submission.admission import Admitted
from api.submission.checks import COPIES, SHORTER_ADVICE
from api.submission.head import PREVIEW_BYTES
from api.uploads.charsets import to_utf8
from api.uploads.formats import Format, Kind
from api.uploads.raw_table import RawTable
from shared.errors.input import BadInput

#: How many times its size the beginning of a file is in memory while its cells are compared.
CELLS_COPIES = 25

#: The most rows whose cells are compared: a megabyte may hold half a million.
GUESS_ROWS = 50_000


class Guesses(Guesser):
    """The guesses of one dry run, each of an option that is not given.

    Attributes:
        made: the guesses so far.
    """

    def __init__(self, memory: Reservation) -> None:
        self.made: list[Guess] = []
        self._memory = memory

    @override
    def complete(self, options: JobOptions, given: Collection[str]) -> JobOptions:
        values = {one.option: one.value for one in self.made if one.option not in given}
        return replace(
            options,
            **{name: PARSERS.get(name, _plain)(value) for name, value in values.items()},
        )

    @override
    def read(
        self,
        kind: Kind,
        charset: str | None,
        options: JobOptions,
        file: SentFile,
        sent: Iterator[bytes],
    ) -> tuple[JobOptions, Iterator[bytes]]:
        if kind.format not in (Format.CSV, Format.NDJSON):
            return options, sent
        head, sent, is_whole = self._head_of(sent, file)
        given = [name for name in ("charset", "delimiter", "quoting") if getattr(options, name)]
        charset = options.charset or (charset if kind.format is Format.CSV else None)
        if charset is None and (found := guess_charset(head, is_whole=is_whole)):
            self.made.append(found)
            charset = found.value
        if kind.format is Format.CSV:
            self._read_csv(head, charset, kind.delimiter, options, is_whole=is_whole)
        return self.complete(options, given), sent

    def _head_of(
        self, sent: Iterator[bytes], file: SentFile
    ) -> tuple[bytes, Iterator[bytes], bool]:
        """The beginning of a file, the file from there on again, and whether that is all of it."""
        head, is_whole = b"", True
        for chunk in sent:
            head += chunk
            self._memory.raise_to(COPIES * len(head), SHORTER_ADVICE)
            if len(head) >= PREVIEW_BYTES:
                is_whole = False
                break
        # A file that ends exactly there is read as one that goes on.
        return head, chain([head], sent), is_whole and not file.is_cut

    def _read_csv(
        self,
        head: bytes,
        charset: str | None,
        delimiter: str | None,
        options: JobOptions,
        *,
        is_whole: bool,
    ) -> None:
        try:
            text = b"".join(to_utf8(iter([head]), charset, lambda: not is_whole))
        except BadInput:
            # The reader says what is wrong.
            return
        if not is_whole:
            text = text[: text.rfind(b"\n") + 1]
        delimiter = options.delimiter or delimiter
        self.made += guess_csv(text, delimiter, options.quoting, is_whole=is_whole)

    def review(
        self,
        admitted: Admitted,
        given: Collection[str],
        table: RawTable,
        readmit: Callable[[JobOptions], Admitted],
        *,
        is_csv: bool,
    ) -> Admitted:
        """Guess the columns, and the decimal sign of numbers.

        Args:
            admitted: what the options decide so far.
            given: the names of the options that are given.
            table: the first rows.
            readmit: finds out what other options decide.
            is_csv: whether numbers are written as texts.
        """
        signature = admitted.served.card.signature
        if "rename" not in given and "text_column" not in given:
            name = signature.inputs[0].name
            if signature.takes_text:
                self._add(guess_text_column(table, name))
            else:
                decimals = ".," if is_csv and "decimal" not in given else admitted.options.decimal
                self._add(guess_rename(table, signature.inputs, decimals))
        admitted = readmit(self.complete(admitted.options, given))
        if "ref_column" not in given:
            self._add(guess_ref_column(table, admitted.inputs.inputs))
        if is_csv and "decimal" not in given:
            sources = list(zip(signature.inputs, admitted.inputs.inputs, strict=True))
            self._add(guess_decimal(table, sources))
        return readmit(self.complete(admitted.options, given))

    def _add(self, guess: Guess | None) -> None:
        if guess is None:
            return
        try:
            PARSERS.get(guess.option, _plain)(guess.value)
        except BadInput:
            # A name that cannot be written in the option, such as one with an open quote.
            return
        self.made.append(guess)


def _plain(value: str) -> Any:
    return value
