"""Writes files of Keras's `Tokenizer`, without Keras."""

import json
import pickle
import sys
import types
from collections import OrderedDict, defaultdict

from scoring.networks.filtered_words import DEFAULT_FILTERS


def tokenizer_state(word_index, **given):
    """The attributes of a `Tokenizer()`; `given` replaces them."""
    counts = OrderedDict((word, 2) for word in word_index)
    return {
        "word_counts": counts,
        "word_docs": defaultdict(int, counts),
        "filters": DEFAULT_FILTERS,
        "split": " ",
        "lower": True,
        "num_words": None,
        "document_count": 3,
        "char_level": False,
        "oov_token": None,
        "index_docs": defaultdict(int),
        "word_index": dict(word_index),
        "index_word": {number: word for word, number in word_index.items()},
        **given,
    }


def write_tokenizer(path, word_index, *, protocol=4, **given):
    """Write `tokenizer.to_json()`, or a pickle if the name does not end in `.json`."""
    state = tokenizer_state(word_index, **given)
    if path.suffix == ".json":
        words = {key: json.dumps(state[key]) for key in ("word_counts", "word_docs", "word_index")}
        path.write_text(json.dumps({"class_name": "Tokenizer", "config": state | words}))
        return path
    # A class in a module of this name, for as long as it is pickled.
    module = types.ModuleType("keras.preprocessing.text")
    tokenizer = type("Tokenizer", (), {"__module__": module.__name__})
    module.Tokenizer = tokenizer
    made = tokenizer()
    vars(made).update(state)
    before = {name: sys.modules.get(name) for name in _PACKAGES}
    sys.modules.update({name: before[name] or types.ModuleType(name) for name in _PACKAGES})
    sys.modules[module.__name__] = module
    try:
        path.write_bytes(pickle.dumps(made, protocol=protocol))
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
    return path


_PACKAGES = ("keras", "keras.preprocessing", "keras.preprocessing.text")
