"""Reads a pickled Keras `Tokenizer` without running any code of the pickle."""

import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

#: Where Keras had its `Tokenizer`, from Keras 1 on.
_MODULES = {
    "keras.preprocessing.text",
    "keras.src.legacy.preprocessing.text",
    "keras.src.preprocessing.text",
    "keras_preprocessing.text",
    "tensorflow.keras.preprocessing.text",
    "tensorflow.python.keras.preprocessing.text",
    "tf_keras.preprocessing.text",
    "tf_keras.src.preprocessing.text",
}

#: The only other classes of which a pickled `Tokenizer` is made. None of them runs code.
_PLAIN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    ("builtins", "int"): int,
    ("__builtin__", "int"): int,
    ("__builtin__", "long"): int,
    ("builtins", "object"): object,
    ("__builtin__", "object"): object,
}


class _State:
    """Stands in for the `Tokenizer`, and holds its attributes."""


def _reconstructed(kind: type, *_: Any) -> Any:
    """Make an empty object, as `copyreg._reconstructor` does for old protocols."""
    return kind()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name == "Tokenizer" and module in _MODULES:
            return _State
        if name == "_reconstructor" and module in ("copyreg", "copy_reg"):
            return _reconstructed
        if (module, name) not in _PLAIN:
            raise ValueError(f"it holds {module}.{name}, which no Tokenizer of Keras has")
        return _PLAIN[module, name]


def read_pickled_tokenizer(path: Path) -> dict[str, Any]:
    """Read the attributes of a pickled Keras `Tokenizer`.

    Raises:
        ValueError: the file is not such a pickle, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            read = _Unpickler(file, encoding="utf-8").load()
    # A malformed pickle can raise anything.
    except Exception as error:
        raise ValueError(
            f"{path.name} is not the pickle of a Keras Tokenizer: {error}. Nothing of it was run; "
            "write tokenizer.to_json() into a .json file instead"
        ) from error
    if type(read) is not _State:
        raise ValueError(f"{path.name} is a pickle, but not that of a Keras Tokenizer")
    return vars(read)
