"""Word vectors from unlabelled texts: words with similar neighbours get similar vectors."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.utils.extmath import randomized_svd

from training.data_errors import UnreadableData

#: Word -> vector.
Vectors = dict[str, npt.NDArray[np.float32]]

#: The length of a word's vector in a `deep` model.
EMBEDDING_SIZE = 100

#: The number of words on each side that count as context, weighted by the inverse distance.
WINDOW = 5

#: Context counts are raised to this power, so that rare contexts are not overrated (context
#: distribution smoothing; Levy, Goldberg and Dagan, TACL 2015).
_SMOOTHING = 0.75

#: Singular values are raised to this power (eigenvalue weighting, as above): with 1, a few
#: directions would outweigh all others.
_EIGENVALUES = 0.5

#: The strength of the ridge regression that maps one set of vectors to another.
_RIDGE = 0.1

#: The number of words that are counted at a time; bounds memory.
_AT_A_TIME = 1_000_000


def initial_vectors(
    rows: Sequence[Sequence[int]],
    word_idx: dict[str, int],
    size: int,
    length: float,
    given: Vectors | None = None,
) -> npt.NDArray[np.float32]:
    """The initial vectors of an embedding: the given ones, and for other words those of the texts.

    Vectors of the texts are mapped linearly into the space of the given vectors. The map is fitted
    to the words that have both (Mikolov, Le and Sutskever, 2013; here by ridge regression). It
    needs more such words than `size`.

    Args:
        rows: the word numbers of each text.
        word_idx: word -> 1 .. number of words.
        size: the number of elements of a vector.
        length: the mean norm of the vectors.
        given: word -> vector of `size` numbers.

    Returns:
        An array of (number of words + 1) x size, float32; the first row is zero.
    """
    vectors = word_vectors(rows, len(word_idx) + 1, size, seed=0)
    shared = [word for word in given or {} if word in word_idx]
    if given and len(shared) > size:
        places = [word_idx[word] for word in shared]
        wanted = np.array([given[word] for word in shared])
        ours = vectors[places]
        square = ours.T @ ours + _RIDGE * np.eye(size)
        vectors = (vectors @ np.linalg.solve(square, ours.T @ wanted)).astype(np.float32)
        # Regression shrinks vectors; this restores their size, so that all words weigh about the
        # same.
        vectors *= np.linalg.norm(wanted) / max(float(np.linalg.norm(vectors[places])), 1e-9)
        vectors[places] = wanted
    lengths = np.linalg.norm(vectors, axis=1)
    return vectors * np.float32(length / max(float(lengths[1:].mean()), 1e-9))


def read_vectors(path: Path, size: int) -> Vectors:
    """Read word vectors in GloVe's format: per line a word and its `size` numbers; also gzipped.

    Raises:
        training.data_errors.UnreadableData: the file is not in this format.
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
        raise UnreadableData(path=path, reason=f"each line must hold a word and {size} numbers")
    return vectors


def word_vectors(
    rows: Sequence[Sequence[int]], words: int, size: int, seed: int
) -> npt.NDArray[np.float32]:
    """Compute word vectors from a text collection.

    The method is a truncated singular value decomposition of the positive pointwise mutual
    information of words and contexts, with smoothed context counts (Levy, Goldberg and Dagan,
    TACL 2015). The decomposition is randomised (Halko, Martinsson and Tropp, 2011).

    Args:
        rows: the word numbers of each text, 1 .. words - 1. 0 is a word that is ignored, but keeps
            its place in the text.
        words: the highest word number plus 1.
        size: the number of elements of a vector.
        seed: the seed of the decomposition.

    Returns:
        An array of words x size, float32. A word in no text has the zero vector; the vectors of all
        other words have the mean norm 1.
    """
    counts = _context_counts(rows, words)
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
    vectors[of_word == 0] = 0  # removes rounding errors
    lengths = np.linalg.norm(vectors, axis=1)
    return vectors / max(float(lengths[lengths > 0].mean()), 1e-9)


def _context_counts(rows: Sequence[Sequence[int]], words: int) -> csr_matrix:
    """Context counts: for each word (row) and context word (column), the sum of 1 / distance."""
    total = csr_matrix((words, words), dtype=np.float64)
    gap = [0] * WINDOW  # keeps words of different texts apart
    numbers: list[int] = []
    for number, row in enumerate(rows, start=1):
        numbers += row
        numbers += gap
        if len(numbers) > _AT_A_TIME or number == len(rows):
            total += _count_contexts(np.array(numbers), words)
            numbers = []
    return (total + total.T).tocsr()


def _count_contexts(numbers: npt.NDArray[np.intp], words: int) -> csr_matrix:
    firsts, seconds, weights = [], [], []
    for distance in range(1, WINDOW + 1):
        first, second = numbers[:-distance], numbers[distance:]
        known = (first > 0) & (second > 0)
        firsts.append(first[known])
        seconds.append(second[known])
        weights.append(np.full(int(known.sum()), 1 / distance))
    places = (np.concatenate(firsts), np.concatenate(seconds))
    return coo_matrix((np.concatenate(weights), places), shape=(words, words)).tocsr()
