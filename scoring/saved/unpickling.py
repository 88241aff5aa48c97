"""Unpickles files of other scikit-learn versions, whose code refers to names that are gone."""

import bz2
import lzma
import re
import types
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import joblib
import numpy as np
from joblib import numpy_pickle
from sklearn.tree import _tree
from typing_extensions import override

from scoring.saved.bytecode import checked_code

#: In a pickle of any protocol, the version follows this key after at most a few opcodes.
_VERSION = re.compile(
    rb"_sklearn_version.{1,16}?(\d+\.\d+(?:\.(?:dev\d+|post\d+|\d+)|rc\d+)*)", re.DOTALL
)


#: The unpickler of joblib is replaced while a file is read.
_LOCK = Lock()


class Gone:
    """Stands for an object of a class or function that scikit-learn no longer has.

    Most such objects were used for fitting only. `scoring.saved.repairs` decides what may be done
    without them.

    Attributes:
        names: module and name of the class or function, and those of its arguments. `load_pickle`
            makes a subclass for each name.
    """

    names: frozenset[str] = frozenset()

    def __init__(self, *arguments: Any) -> None:
        """Accept any arguments. They are lost, except the names of those that are gone too."""
        self.names = self.names.union(*map(gone_names, arguments))

    def __setstate__(self, state: Any) -> None:
        """Accept any state, which is lost."""


def gone_names(value: Any) -> frozenset[str]:
    """The names for which a value stands, if it is an instance or a subclass of `Gone`."""
    kind = value if isinstance(value, type) else type(value)
    return value.names if issubclass(kind, Gone) else frozenset()


class _Tree(_tree.Tree):  # type: ignore[misc]  # scikit-learn has no types
    """A decision tree that also reads nodes saved before scikit-learn 1.3."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        nodes = state["nodes"]
        if set(nodes.dtype.names) < set(_tree.NODE_DTYPE.names):
            # The field that is missing says where missing values go, which those trees had not.
            whole = np.zeros(nodes.shape, dtype=_tree.NODE_DTYPE)
            for name in nodes.dtype.names:
                whole[name] = nodes[name]
            state = {**state, "nodes": whole}
        super().__setstate__(state)


def _checked_builtin_type(name: str) -> Any:
    """The type of the module `types` for which a file of cloudpickle asks."""
    return checked_code if name == "CodeType" else getattr(types, name)


def load_pickle(path: Path) -> tuple[Any, set[str]]:
    """Unpickle a file of joblib or pickle, compressed or not. This runs code from the file.

    Returns:
        The object, and the names of scikit-learn in the file that the installed version does not
        have; a `Gone` stands for each object of such a name.

    Raises:
        Exception: anything that unpickling raises.
    """
    missing: set[str] = set()
    with _LOCK, _unpickler_that_notes(missing):
        return joblib.load(path), missing


@contextmanager
def _unpickler_that_notes(missing: set[str]) -> Iterator[None]:
    usual = numpy_pickle.NumpyUnpickler

    class Unpickler(usual):  # type: ignore[misc,valid-type]  # joblib has no types
        @override
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) == ("sklearn.tree._tree", "Tree"):
                return _Tree
            if module in ("__main__", "__mp_main__"):
                # This program may be the script that saved the file, but no worker is.
                raise AttributeError(f"module '{module}' has no attribute '{name}'")
            if name == "_builtin_type" and module.endswith("cloudpickle.cloudpickle"):
                return _checked_builtin_type
            try:
                return super().find_class(module, name)
            except (ImportError, AttributeError):
                # Files of scikit-learn 1.5 to 1.7 call one of its modules just `_loss`.
                if module != "_loss" and not module.startswith("sklearn."):
                    raise
                missing.add(f"{module}.{name}")
                return type(name, (Gone,), {"names": frozenset([f"{module}.{name}"])})

    # joblib has no argument for an unpickler.
    numpy_pickle.NumpyUnpickler = Unpickler
    try:
        yield
    finally:
        numpy_pickle.NumpyUnpickler = usual


def version_note(path: Path) -> str:
    """Which version of scikit-learn saved a file, to be appended to an error message.

    It is found without unpickling, so also in a file that cannot be unpickled. Empty if the
    installed version saved the file, or if the file does not tell.
    """
    here = version("scikit-learn")
    found = _VERSION.search(_content(path))
    saved_with = found[1].decode() if found else here
    if saved_with == here:
        return ""
    return f". scikit-learn {saved_with} saved it, and {here} is installed"


def _content(path: Path) -> bytes:
    """The bytes of a file, decompressed if it is compressed as joblib does it."""
    content = path.read_bytes()
    for decompress in (_inflate, bz2.decompress, lzma.decompress):
        with suppress(OSError, ValueError, zlib.error, lzma.LZMAError):
            return decompress(content)
    return content


def _inflate(content: bytes) -> bytes:
    """Decompress zlib and gzip."""
    return zlib.decompressobj(wbits=32 + zlib.MAX_WBITS).decompress(content)
