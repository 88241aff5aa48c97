import json
import os
import pickle

import pytest
from support.tokenizers import tokenizer_state, write_tokenizer

from scoring.keras_model import word_numbers
from training.added.tokenizer_pickle import read_pickled_tokenizer
from training.added.vocabulary_file import read_vocabulary, vocabulary_of

WORD_IDX = {"<OOV>": 1, "good": 2, "bad": 3, "it's": 4, "fine": 5}


def rows(path, texts, length=4, **options):
    """The numbers of texts, as a model with this file would read them."""
    vocabulary = read_vocabulary(path, path)
    return word_numbers(vocabulary.words, vocabulary.options | options).rows(texts, length)


@pytest.fixture(params=["tokenizer.json", "tokenizer.pickle"])
def write(request, tmp_path):
    """Write a tokenizer in one of both forms."""
    return lambda **given: write_tokenizer(tmp_path / request.param, WORD_IDX, **given)


@pytest.mark.parametrize(
    ("given", "text", "expected"),
    [
        ({}, "GOOD,bad? zorgly it's", [2, 3, 4]),
        ({"oov_token": "<OOV>"}, "good zorgly bad", [2, 1, 3]),
        ({"num_words": 4}, "good it's fine bad", [2, 3]),
        ({"num_words": 4, "oov_token": "<OOV>"}, "good it's bad", [2, 1, 3]),
        ({"lower": False}, "GOOD good Bad", [2]),
        ({"filters": ""}, "good, bad", [3]),
        ({"split": "_", "filters": " !"}, "good_bad!fine good", [2, 3, 5, 2]),
        ({}, "good\tbad\nfine", [2, 3, 5]),
        ({}, "good\xa0bad fine\r bad", [3]),
    ],
)
def test_a_tokenizer_cuts_and_numbers_as_keras_does(write, given, text, expected):
    """Characters in `filters` become separators, and other white space stays in its word."""
    assert rows(write(**given), [text]) == [expected]


def test_a_tokenizer_of_characters(tmp_path):
    """Each character is a word, also those in `filters`."""
    index = {"a": 1, "b": 2, "!": 3}
    path = write_tokenizer(tmp_path / "tokenizer.json", index, char_level=True)
    assert rows(path, ["Ab !"]) == [[1, 2, 3]]


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_any_protocol_is_read(tmp_path, protocol):
    """Old pickles name other modules and make objects in another way."""
    path = write_tokenizer(tmp_path / "tokenizer.pickle", WORD_IDX, protocol=protocol)
    assert read_pickled_tokenizer(path) == tokenizer_state(WORD_IDX)


class _Runs:
    def __reduce__(self):
        return os.mkdir, ("made-by-the-pickle",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(_Runs()),
        pickle.dumps({"word_index": _Runs()}),
        pickle.dumps(eval),
        pickle.dumps({"good": 1}),
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
        b"ckeras.preprocessing.text\nTokenizer.fit_on_texts\n.",
        b"This is no pickle.",
        b"",
    ],
)
def test_no_code_of_a_pickle_is_run(tmp_path, monkeypatch, content):
    """Anything but the state of a Tokenizer is refused before it is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tokenizer.pickle").write_bytes(content)
    with pytest.raises(ValueError, match="Keras Tokenizer"):
        read_vocabulary(tmp_path / "tokenizer.pickle", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["tokenizer.pickle"]


@pytest.mark.parametrize("change", [{"analyzer": 1}, {"oov_token": "zorgly"}])
def test_a_tokenizer_that_is_not_plain_is_refused(tmp_path, change):
    """An analyzer is code, and a Tokenizer without its words determines nothing."""
    path = write_tokenizer(tmp_path / "tokenizer.pickle", WORD_IDX, **change)
    with pytest.raises(ValueError, match=r"tokenizer\.pickle"):
        read_vocabulary(path, path)


def _json(folder, content):
    path = folder / "words.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_json_in_a_json_string_is_read(tmp_path):
    """`json.dump(tokenizer.to_json(), file)` writes a string that holds JSON."""
    inner = write_tokenizer(tmp_path / "tokenizer.json", WORD_IDX).read_text()
    assert read_vocabulary(_json(tmp_path, inner), tmp_path).is_tokenizer


@pytest.mark.parametrize("name", ["<unk>", "<UNK>", "[UNK]", "UNK", "<OOV>"])
def test_the_entry_for_unknown_words_is_known_by_its_name(tmp_path, name):
    """A word index with one of these entries determines the number of unknown words."""
    path = _json(tmp_path, {"good": 2, name: 7})
    assert read_vocabulary(path, path).options == {"unknown": 7}


@pytest.mark.parametrize("index", [{"good": 2}, {"good": 2, "<unk>": 1, "<OOV>": 3}])
def test_an_index_may_leave_unknown_words_open(tmp_path, index):
    """Without such an entry, or with two of them, the number must be given."""
    path = _json(tmp_path, index)
    assert read_vocabulary(path, path).options == {}


def test_a_vocabulary_list_counts_from_zero(tmp_path):
    """`TextVectorization.get_vocabulary()`: the place is the number, and 0 is padding."""
    path = _json(tmp_path, ["", "[UNK]", "good"])
    vocabulary = read_vocabulary(path, path)
    assert vocabulary.words == {"[UNK]": 1, "good": 2}
    assert vocabulary.options == {"unknown": 1}


def test_the_index_of_the_imdb_data_is_refused(tmp_path):
    """Its models take each number plus 3, and begin with a number of their own."""
    words = {f"word{number}": number for number in range(88_582)} | {"the": 1, "fawn": 34_701}
    with pytest.raises(ValueError, match="adds 3"):
        read_vocabulary(_json(tmp_path, words), tmp_path)


def test_words_beyond_a_number_are_unknown(tmp_path):
    """`num_words` leaves out the words with this number or a higher one."""
    path = _json(tmp_path, WORD_IDX)
    kept = vocabulary_of(path, None, model=path, num_words=4)
    assert kept.words == {"<OOV>": 1, "good": 2, "bad": 3}


def test_a_long_text_may_be_cut_in_front(tmp_path):
    """`truncating` pre keeps the last known words, post the first ones."""
    path = write_tokenizer(tmp_path / "tokenizer.json", WORD_IDX)
    texts = ["zorgly good bad it's zorgly fine zorgly"]
    assert rows(path, texts, 2) == [[2, 3]]
    assert rows(path, texts, 2, truncating="pre") == [[4, 5]]
