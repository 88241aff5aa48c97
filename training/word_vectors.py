"""Word vectors from texts alone: what stands near a word says what it means."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.utils.extmath import randomized_svd

from training.data_errors import UnreadableData

#: Word -> its vector.
Vectors = dict[str, npt.NDArray[np.float32]]

#: The numbers of a word's vector in a `deep` model.
EMBEDDING_SIZE = 100

#: Words on each side that count as near, the nearer the more.
WINDOW = 5

#: Counts of contexts are raised to this power, so that rare ones are not overrated.
_SMOOTHING = 0.75

#: Singular values are raised to this power: with 1, a few directions would outweigh all others.
_EIGENVALUES = 0.5

#: How strongly the map from one set of vectors to another is held back (ridge regression).
_RIDGE = 0.1

#: Words of the texts that are counted at a time: bounds the memory.
_AT_A_TIME = 1_000_000


def initial_vectors(
    rows: Sequence[Sequence[int]],
    word_idx: dict[str, int],
    size: int,
    length: float,
    given: Vectors | None = None,
) -> npt.NDArray[np.float32]:
    """Vectors for an embedding: those that are given, and of all other words those of the texts.

    Where vectors are given, the others are mapped to them, linearly, as the words that have
    both tell (Mikolov, Le and Sutskever, 2013).

    Args:
        rows: the word numbers of each text.
        word_idx: word -> 1 .. number of words.
        size: numbers of a vector.
        length: the mean length of a vector.
        given: word -> vector, of `size` numbers.

    Returns:
        An array of (number of words + 1) x size; zeros in the first row.
    """
    vectors = word_vectors(rows, len(word_idx) + 1, size, seed=0)
    shared = [word for word in given or {} if word in word_idx]
    if given and len(shared) > size:
        places = [word_idx[word] for word in shared]
        wanted = np.array([given[word] for word in shared])
        ours = vectors[places]
        square = ours.T @ ours + _RIDGE * np.eye(size)
        vectors = (vectors @ np.linalg.solve(square, ours.T @ wanted)).astype(np.float32)
        # A fit is shorter than what it is fitted to; all words should weigh about the same.
        vectors *= np.linalg.norm(wanted) / max(float(np.linalg.norm(vectors[places])), 1e-9)
        vectors[places] = wanted
    lengths = np.linalg.norm(vectors, axis=1)
    return vectors * np.float32(length / max(float(lengths[1:].mean()), 1e-9))


def read_vectors(path: Path, size: int) -> Vectors:
    """Read vectors as GloVe's files have them (also gzip'ed): a word and its `size` numbers a line.

    Raises:
        training.data_errors.UnreadableData: it is no such file.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    vectors: Vectors = {}
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                word, *numbers = line.rstrip().split(" ")
                vectors[word] = np.array(numbers, dtype=np.float32)
    except (OSError, EOFError, ValueError) as error:
        raise UnreadableData(path=path, reason=str(error)) from error
    if not vectors or any(len(vector) != size for vector in vectors.values()):
        raise UnreadableData(path=path, reason=f"a line is a word and {size} numbers")
    return vectors


def word_vectors(
    rows: Sequence[Sequence[int]], words: int, size: int, seed: int
) -> npt.NDArray[np.float32]:
    """Vectors of the words of a text collection.

    The positive pointwise mutual information of words and the words near them, cut to its largest
    singular values (Levy, Goldberg and Dagan, TACL 2015), with contexts smoothed as there.

    Args:
        rows: the word numbers of each text, 1 .. words - 1; 0 is a word that is left out, yet
            keeps its place.
        words: one more than the highest number.
        size: numbers of a vector.
        seed: of the decomposition.

    Returns:
        An array of words x size; a word that is in no text has zeros. Vectors of words that occur
        have the mean length 1.
    """
    counts = _near(rows, words)
    of_word = np.asarray(counts.sum(axis=1)).ravel()
    of_context = np.asarray(counts.sum(axis=0)).ravel() ** _SMOOTHING
    cells = counts.tocoo()
    information = np.log(
        cells.data * of_context.sum() / (of_word[cells.row] * of_context[cells.col])
    )
    kept = information > 0
    positive = csr_matrix(
        (information[kept], (cells.row[kept], cells.col[kept])), shape=counts.shape
    )
    left, values, _ = randomized_svd(positive, min(size, words - 1), random_state=seed)
    vectors = np.zeros((words, size), dtype=np.float32)
    vectors[:, : len(values)] = left * values**_EIGENVALUES
    vectors[of_word == 0] = 0  # where rounding left next to nothing
    lengths = np.linalg.norm(vectors, axis=1)
    return vectors / max(float(lengths[lengths > 0].mean()), 1e-9)


def _near(rows: Sequence[Sequence[int]], words: int) -> csr_matrix:
    """How often each word (row) has each word (column) near it, by the inverse distance."""
    total = csr_matrix((words, words), dtype=np.float64)
    gap = [0] * WINDOW  # no word is near one of another text
    some: list[int] = []
    for number, row in enumerate(rows, start=1):
        some += row
        some += gap
        if len(some) > _AT_A_TIME or number == len(rows):
            total += _near_in(np.array(some), words)
            some = []
    return (total + total.T).tocsr()


def _near_in(numbers: npt.NDArray[np.intp], words: int) -> csr_matrix:
    firsts, seconds, weights = [], [], []
    for distance in range(1, WINDOW + 1):
        first, second = numbers[:-distance], numbers[distance:]
        both = (first > 0) & (second > 0)
        firsts.append(first[both])
        seconds.append(second[both])
        weights.append(np.full(int(both.sum()), 1 / distance))
    places = (np.concatenate(firsts), np.concatenate(seconds))
    return coo_matrix((np.concatenate(weights), places), shape=(words, words)).tocsr()
