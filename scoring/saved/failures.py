"""Says why a pickle cannot be loaded here, and what to do."""

import re
import zlib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pickle import UnpicklingError

from scoring.saved.bytecode import OtherPython
from scoring.saved.distributions import distributions_of

#: The messages of Python's two unpicklers about a name that a module does not have.
_MISSING_NAMES = (
    re.compile(r"[Cc]an't get attribute '(?P<name>[^']+)' on <module '(?P<module>[^']+)'"),
    re.compile(r"module '(?P<module>[^']+)' has no attribute '(?P<name>[^']+)'"),
)

#: What unpicklers raise at a file that is cut off, damaged or no pickle.
_DAMAGED = (EOFError, IndexError, KeyError, MemoryError, OverflowError, UnpicklingError, zlib.error)


#: What an exception says -> the reason.
_SAID = {
    "unsupported pickle protocol": "it was saved by a newer Python, in a pickle protocol that this "
    "one does not know. Save it again with joblib.dump, which all supported versions of Python "
    "read, or with protocol=4",
    "codec can't decode": "it seems to be saved by Python 2. Fit the pipeline again under Python 3 "
    "and save it with joblib.dump",
    "LZ4 is not installed": "it is compressed with LZ4. Install the package lz4, here and for the "
    "workers, or save the pipeline with joblib.dump(pipeline, 'model.pkl', compress=3)",
}


def unpickling_failure(error: BaseException) -> str:
    """Turn the exception of an unpickling into a reason for `UnusableModel`."""
    said = str(error).partition("\n")[0][:200]
    if isinstance(error, OtherPython):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _of_missing_module(error.name)
    if isinstance(error, ImportError | AttributeError):
        return _of_missing_name(said)
    for sign, reason in _SAID.items():
        if sign in said:
            return reason
    if isinstance(error, _DAMAGED):
        return (
            "it cannot be unpickled, because it is cut off, damaged or no pickle "
            f"({type(error).__name__}: {said or 'it ends early'}). Copy the whole file again, or "
            "save the fitted pipeline with joblib.dump"
        )
    return (
        f"it cannot be unpickled ({type(error).__name__}: {said}). Save the fitted pipeline with "
        f"joblib.dump, under scikit-learn {version('scikit-learn')}"
    )


def _of_missing_module(module: str) -> str:
    package = module.partition(".")[0]
    if package != module and _is_installed(package):
        return _of_another_version(module, package)
    return (
        f"its pickle needs the module '{module}', which is not installed here. Install the package "
        "that provides it, here and for the workers. If the module is a file of your own, save the "
        f"pipeline with cloudpickle, after cloudpickle.register_pickle_by_value({module}), or put "
        "it into a package and install that"
    )


def _of_missing_name(said: str) -> str:
    found = next(filter(None, (pattern.search(said) for pattern in _MISSING_NAMES)), None)
    if found is None:
        return _of_another_version(said, "sklearn")
    name, module = found["name"], found["module"]
    if module in ("__main__", "__mp_main__"):
        return (
            f"its pickle names '{name}' of the script or notebook that saved it (__main__), which "
            "no other program has. Save the pipeline there with cloudpickle, which stores such "
            "functions and classes with it: cloudpickle.dump(pipeline, open('model.pkl', 'wb')). "
            f"Or put '{name}' into a package that is installed here and for the workers"
        )
    return _of_another_version(f"{module}.{name}", module.partition(".")[0])


def _of_another_version(what: str, package: str) -> str:
    """The package is installed, and does not have all that the pickle needs."""
    distribution = next(iter(distributions_of(package)), package)
    try:
        here = f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        here = package
    return (
        f"its pickle needs something that is not installed here ({what}); here is {here}. Install "
        "the version that saved it, or fit and save the pipeline again with this one"
    )


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
