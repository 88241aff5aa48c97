import numpy as np
import pytest

from training.bundled.leaks import Leaks
from training.data_errors import UnreadableData
from training.word_vectors import initial_vectors, read_vectors, word_vectors


def test_texts_similar_to_protected_ones_are_found():
    """A text in other spelling, a longer text and a part are leaks; a few words are not."""
    leaks = Leaks(["It is , all in all , a wonderful film .", "Bad !"])
    texts = [
        "it is all in all a wonderful film",
        "Well: it is, all in all, a wonderful film, eh?",
        "all in all, a wonderful",
        "bad",
        "a wonderful film",
        "It is bad",
    ]
    assert leaks.among(texts).tolist() == [True, True, True, True, False, False]


def test_words_with_the_same_neighbours_have_similar_vectors():
    """Words with the same neighbours get similar vectors."""
    random = np.random.default_rng(0)
    rows = [[int(random.integers(1, 3)), 5, 6] for _ in range(200)]
    rows += [[int(random.integers(3, 5)), 7, 8] for _ in range(200)]
    vectors = word_vectors(rows, 9, 4, seed=0)
    unit = vectors[1:5] / np.linalg.norm(vectors[1:5], axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2]
    assert not vectors[0].any()


def test_given_vectors_are_kept(tmp_path):
    """Words of a vector file start with its vectors, up to a common scale."""
    path = tmp_path / "vectors.txt"
    words = {f"w{number}": number + 1 for number in range(6)}
    path.write_text("".join(f"{word} {number} {number % 3}\n" for word, number in words.items()))
    given = read_vectors(path, 2)
    vectors = initial_vectors([[1, 2, 3, 4, 5, 6]] * 9, words, 2, 3.0, given)
    wanted = np.array([given[word] for word in words])
    assert np.linalg.norm(vectors[1:], axis=1).mean() == pytest.approx(3.0)
    np.testing.assert_allclose(vectors[1:] / vectors[1, 0], wanted / wanted[0, 0], rtol=1e-5)
    with pytest.raises(UnreadableData, match="3 numbers"):
        read_vectors(path, 3)
