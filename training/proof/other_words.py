"""Other ways of turning texts into word numbers, tried with a user's Keras model."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from scoring.keras_model import KerasModel, word_numbers
from scoring.networks.heads import Heads
from scoring.networks.keras_checks import check_word_numbers
from shared.card import CARD_FILE, Card, write_card
from shared.examples import EXAMPLES_FILE
from shared.model import load_model
from training.added.meaning import Meaning
from training.added.text_options import text_options
from training.added.vocabulary_file import vocabulary_of
from training.proof.proposal import Proposal

#: How texts may be cut, as options of the command.
_CUTTING: tuple[dict[str, Any], ...] = (
    {"filters": "default", "lower": True},
    {"filters": "default", "lower": False},
    {"filters": "", "lower": True},
    {"filters": "", "lower": False},
    {"standardize": "lower_and_strip_punctuation"},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation"},
    {"standardize": "none"},
    {"token_pattern": r"\w+"},
    {"token_pattern": r"\w+(?:'\w+)*"},
    {"token_pattern": r"(?u)\b\w\w+\b"},
)
_LENGTHS = (20, 32, 50, 64, 80, 100, 120, 128, 150, 200, 250, 256, 300, 400, 500, 512, 1000)
_LIMITS = (500, 1000, 2000, 3000, 5000, 8000, 10_000, 15_000, 20_000, 25_000, 30_000, 50_000)
_CUTS = ("filters", "lower", "standardize", "token_pattern")

#: The most combinations that are tried.
_MOST = 1_500


def other_words(
    file: Path, folder: Path, model: KerasModel, meaning: Meaning
) -> Iterator[Proposal]:
    """The model with other options about words, those first that differ in fewest ways.

    Args:
        file: the user's file.
        folder: the folder of the model.
        model: loaded from it.
        meaning: what the user said.
    """
    settings = _Settings(file, folder, model, meaning)
    count = 0
    for change in _changes(settings.ways()):
        if (proposal := settings.proposal(change)) is not None:
            yield proposal
            count += 1
            if count >= _MOST:
                return


def _changes(ways: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every combination of one change or none of each kind, those with fewest changes first."""
    most = 3
    chosen = [
        combination
        for combination in product(*([{}, *changes] for changes in ways))
        if 0 < sum(map(bool, combination)) <= most
    ]
    chosen.sort(key=lambda combination: sum(map(bool, combination)))
    return [
        {key: value for change in combination for key, value in change.items()}
        for combination in chosen
    ]


class _Settings:
    """The model under other options."""

    def __init__(self, file: Path, folder: Path, model: KerasModel, meaning: Meaning) -> None:
        self._file, self._folder, self._meaning = file, folder, meaning
        self._card = model.card
        self._words = model.network.words
        self._has_length = "max_length" in model.card.options
        self._vocabulary = cache(self._read_vocabulary)
        self._network = cache(self._load_network)

    def ways(self) -> list[list[dict[str, Any]]]:
        """The changes of each kind, as options of the command."""
        options = self._card.options
        words = self._vocabulary(self._meaning.num_words).words
        highest = max(words.values())
        # Of a number in the card that is also given, `text_options` finds that nothing changes.
        unknown = dict.fromkeys(("drop", 0, 1, highest + 1, self._words - 1, 2))
        return [
            [{"padding": side} for side in ("pre", "post") if side != options.get("padding")],
            [{"truncating": side} for side in ("pre", "post") if side != options.get("truncating")],
            [{"unknown": one} for one in unknown],
            [dict.fromkeys(_CUTS) | one for one in _CUTTING],
            [{"num_words": limit} for limit in _LIMITS if limit <= highest],
            [{"max_length": length} for length in _LENGTHS] if self._has_length else [],
        ]

    def proposal(self, change: Mapping[str, Any]) -> Proposal | None:
        """The model with changed options; None if they change nothing, or cannot be given."""
        given = vars(self._meaning) | dict(change)
        # A ScorelaneError: the file of the words says otherwise.
        try:
            vocabulary = self._vocabulary(given["num_words"])
            told = text_options(given, vocabulary)
        except Exception:  # noqa: BLE001
            return None
        # What a guess may not decide belongs to a card, and not to what is told about words.
        others = {
            key: value
            for key, value in self._card.options.items()
            if key
            not in text_options(vars(self._meaning), self._vocabulary(self._meaning.num_words))
        }
        options = others | told
        if options == self._card.options and "num_words" not in change:
            return None
        return Proposal(
            f"With {_as_options(change)}",
            lambda rows: self._model(options, vocabulary.words).score(rows),
        )

    def _model(self, options: dict[str, Any], words: dict[str, int]) -> KerasModel:
        card = self._card.model_copy(update={"options": options})
        network = self._network(options.get("padding"), options.get("max_length"))
        numbers = word_numbers(words, options)
        check_word_numbers(numbers.highest, self._words)
        return KerasModel(network, numbers, card, Heads.of_card(card))

    def _read_vocabulary(self, num_words: int | None) -> Any:
        meaning = self._meaning
        return vocabulary_of(
            meaning.word_index, meaning.tokenizer, model=self._file, num_words=num_words
        )

    def _load_network(self, padding: str | None, max_length: int | None) -> Any:
        """The network as a worker loads it under these options."""
        told = {"padding": padding, "max_length": max_length}
        options = self._card.options | {key: one for key, one in told.items() if one is not None}
        with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
            folder = Path(room)
            for name in self._card.files.keys() - {EXAMPLES_FILE}:
                shutil.copyfile(self._folder / name, folder / name)
            _write_again(folder, self._card, options)
            loaded: Any = load_model(folder)
            return loaded.network


def _write_again(folder: Path, card: Card, options: dict[str, Any]) -> None:
    write_card(
        folder,
        name=card.name,
        format=card.format,
        files=[path.name for path in folder.iterdir() if path.name != CARD_FILE],
        options=options,
        signature=card.signature,
    )


def _as_options(change: Mapping[str, Any]) -> str:
    """Changed options as they are written in a command."""
    said = []
    for name, value in change.items():
        option = f"--{name.replace('_', '-')}"
        if value is None:
            continue
        if value is True or value is False:
            said.append(option if value else f"--no-{name}")
        else:
            said.append(f"{option} {shlex.quote(str(value))}")
    return " ".join(said)
