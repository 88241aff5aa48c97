"""Recognises files that cannot be added as a model by their first bytes, before any code is run."""

import pickle
import pickletools
import zipfile
from pathlib import Path

from training.failed_downloads import FAILED_DOWNLOADS

#: File name ending -> the format of the card under which the model is served.
FORMATS = {
    ".pkl": "pkl",
    ".pickle": "pkl",
    ".joblib": "pkl",
    ".sav": "pkl",
    ".skops": "skops",
    ".hdf5": "hdf5",
    ".h5": "hdf5",
    ".keras": "hdf5",
    ".onnx": "onnx",
    ".ubj": "ubj",
    ".json": "ubj",
    ".txt": "lgb",
    ".cbm": "cbm",
    ".mlflow": "mlflow",
}

#: Format -> how its files begin. An ONNX file begins with the number of a field of its protobuf.
_HEADS = {
    "onnx": (b"\x08", b"\x12", b"\x1a", b"\x3a"),
    "ubj": (b"{",),
    "lgb": (b"tree\n",),
    "cbm": (b"CBM1",),
    "mlflow": (b"PK\x03\x04",),
}

#: What the name of a compressed pickle may end in after one of these endings, as in `model.pkl.gz`.
#: joblib finds out the compression by the content.
COMPRESSIONS = (".gz", ".z", ".bz2", ".xz", ".lzma", ".lz4")

#: How many bytes of a file are looked at.
_HEAD_BYTES = 4096

#: A larger file is hardly a text that was taken for a model.
_TEXT_BYTES = 2**20

#: Ending of a zip file that is a model -> the program that writes it.
_ZIPPED = {".keras": "Keras", ".skops": "skops"}

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"

_EXPORT_SKLEARN = (
    "Save the fitted scikit-learn pipeline itself with joblib.dump(pipeline, 'model.pkl')"
)
_EXPORT_KERAS = "Save the Keras model itself with model.save('model.keras')"
_SOURCE = f"Other formats cannot be served. {_EXPORT_SKLEARN}, or a Keras model with model.save"
_BOOSTER = "it is a model of {0}. Rename it to end in {1}"
_PYTORCH = f"it is a PyTorch file. {_SOURCE}"
_XGBOOST, _LIGHTGBM, _CATBOOST = (
    _BOOSTER.format("XGBoost", ".ubj (binary) or .json"),
    _BOOSTER.format("LightGBM", ".txt"),
    _BOOSTER.format("CatBoost", ".cbm"),
)

_RENAME_TO_PKL = "it is a pickle. If it holds a scikit-learn pipeline, rename it to end in .pkl"
#: Format -> what to say about a file that is surely none of it.
_NOT_OF = {
    "skops": "it is no file of skops. Save a pipeline with skops.io.dump",
    "onnx": "it is no ONNX file. Copy the whole file again",
    "ubj": "it is no file of XGBoost. Save the model with save_model('model.ubj')",
    "lgb": "it is no file of LightGBM. Save the model with booster_.save_model('model.txt')",
    "cbm": "it is no file of CatBoost. Save the model with save_model('model.cbm')",
}

_ARCHIVE = "it is an archive. Unpack it and name the model file in it"

#: What to say about the ending of a file that is none of `FORMATS`.
_ENDINGS = {
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".ckpt": _PYTORCH,
    ".bin": f"it is a file of weights. {_SOURCE}",
    ".safetensors": f"it is a safetensors file, which holds weights alone. {_SOURCE}",
    ".pb": f"it is a part of a TensorFlow SavedModel. {_EXPORT_KERAS}",
    ".tflite": f"it is a TensorFlow Lite file. {_EXPORT_KERAS}",
    ".bst": _XGBOOST,
    ".zip": _ARCHIVE,
    **dict.fromkeys(
        COMPRESSIONS,
        "it is compressed. If it is a compressed pickle, rename it to end in .pkl.gz, whatever the "
        "compression; otherwise unpack it, and name the file in it",
    ),
    ".tar": _ARCHIVE,
    ".tgz": _ARCHIVE,
}

#: First bytes, in lower case -> what such a file is. None begins a pickle or a file of Keras.
_SIGNATURES = FAILED_DOWNLOADS | {
    b"{": "it is JSON, and no model file that can be served. If it is the error of a download, "
    "download the file again",
    b"binf": _XGBOOST,
    b"tree\n": _LIGHTGBM,
    b"cbm1": _CATBOOST,
    b"gguf": f"it is a GGUF file of a language model. {_SOURCE}",
    b"rar!": _ARCHIVE,
    b"7z\xbc\xaf": _ARCHIVE,
    b"%pdf": "it is a PDF file, and no model",
    b"\x93numpy": "it is an array of numpy, and no fitted pipeline. " + _EXPORT_SKLEARN,
    b"par1": "it is a Parquet file, and no model",
    b"sqlite format 3": "it is an SQLite database, and no model",
}


def format_of(file: Path) -> str:
    """The format of a model file, by the ending of its name.

    Raises:
        ValueError: it is not a file that can be added; the message says why, and what to do.
    """
    if file.is_dir():
        raise ValueError(_of_folder(file))
    if not file.exists():
        raise ValueError("there is no such file")
    if not file.is_file():
        raise ValueError("it is no regular file. Save the model to a file on the disk")
    form, head = _by_name(file), _head(file)
    reason = _foreign(head, file, form)
    if form is not None and not reason:
        return form
    if form is None:
        reason = reason or _ENDINGS.get(file.suffix.lower()) or _right_name(head)
        reason = f"its name must end in {', '.join(FORMATS)}" + (f"; {reason}" if reason else "")
    raise ValueError(reason)


def _by_name(file: Path) -> str | None:
    """The format by the ending of a file's name; None if there is none."""
    *_, inner, outer = ["", "", *(suffix.lower() for suffix in file.suffixes)]
    if outer in COMPRESSIONS and FORMATS.get(inner) == "pkl":
        return "pkl"
    return FORMATS.get(outer)


def _right_name(head: bytes) -> str:
    if head.startswith(_HDF5):
        return "it is an HDF5 file: if it holds a Keras model, rename it to end in .h5"
    return "it seems to be a pickle: rename it to end in .pkl" if head[:1] == b"\x80" else ""


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_HEAD_BYTES)
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error


def _foreign(head: bytes, file: Path, form: str | None) -> str:
    """What a file is that surely holds no model of a format; empty if it may hold one."""
    is_right = head.startswith(_HEADS.get(form or "", ()))
    if is_right and (form != "ubj" or b"learner" in head[:60]):
        return ""
    if reason := _by_signature(head):
        return reason
    if form == "pkl":
        return _foreign_to_pickles(head, file)
    if form is not None and head[:1] == b"\x80":
        return _RENAME_TO_PKL
    if head.startswith(_ZIP):
        return _of_zip(file, right=_ZIPPED.get(file.suffix.lower()))
    return _NOT_OF.get(form or "", "")


def _by_signature(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "it is empty. Save the model again, or copy the whole file"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, reason in _SIGNATURES.items():
        if text.startswith(start):
            return _XGBOOST if start == b"{" and b"learner" in text[:40] else reason
    if int.from_bytes(head[:8], "little") < 2**32 and head[8:10] == b'{"':
        return _ENDINGS[".safetensors"]
    if head[4:8] == b"TFL3":
        return _ENDINGS[".tflite"]
    if head[:1] == b"\x08" and b"onnx" in text[:200]:
        return "it is an ONNX file. Rename it to end in .onnx"
    return ""


def _foreign_to_pickles(head: bytes, file: Path) -> str:
    if head[:1] == b"\x80" and head[1:2] > bytes([pickle.HIGHEST_PROTOCOL]):
        return (
            f"it is a pickle of protocol {head[1]}, by a newer Python than this one. Save it again "
            "with joblib.dump, or with protocol=4"
        )
    if head.startswith(_HDF5):
        return "it is an HDF5 file. If it holds a Keras model, rename it to end in .h5"
    if head.startswith(_ZIP):
        return _of_zip(file, right=None)
    if _is_text(head) and not _is_pickle(file):
        return f"it is a text file, and no pickle. {_EXPORT_SKLEARN}"
    return ""


def _is_text(head: bytes) -> bool:
    try:
        text = head[:512].decode("ascii")
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign.isspace() for sign in text)


def _is_pickle(file: Path) -> bool:
    """Whether a file is a pickle, or too large to find out; pickles of protocol 0 are texts."""
    if file.stat().st_size > _TEXT_BYTES:
        return True
    try:
        return all(True for _ in pickletools.genops(file.read_bytes()))
    # Whatever bytes that are no pickle make of it.
    except Exception:  # noqa: BLE001
        return False


def _of_zip(file: Path, *, right: str | None) -> str:
    """What a zip file is that is no model; empty if it may be one of the program that is right."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return "" if right == "Keras" else "it is a damaged zip file. Copy the whole file again"
    maker = ""
    if "schema.json" in names:
        maker = "skops"
    elif "config.json" in names and any(name.endswith(".h5") for name in names):
        maker = "Keras"
    if maker:
        ending = next(ending for ending, program in _ZIPPED.items() if program == maker)
        return "" if maker == right else f"it is a model of {maker}. Rename it to end in {ending}"
    if any(name.endswith(("/data.pkl", "constants.pkl")) for name in names):
        return _PYTORCH
    if names and all(name.endswith(".npy") for name in names):
        return _SIGNATURES[b"\x93numpy"]
    models = [name for name in names if Path(name).suffix.lower() in FORMATS]
    held = f" ({', '.join(models[:3])})" if models else ""
    return f"it is a zip file. Unpack it and name the model file in it{held}"


def _of_folder(folder: Path) -> str:
    if (folder / "card.json").is_file():
        return "it is a model folder already. To serve it, copy it into the folder of models"
    if (folder / "saved_model.pb").is_file():
        return f"it is a folder with a TensorFlow SavedModel. {_EXPORT_KERAS}"
    if (folder / "config.json").is_file():
        return f"it is the folder of a transformer. {_SOURCE}"
    models = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in FORMATS)
    held = f": {', '.join(models[:3])}" if models else ""
    return f"it is a folder. Name the model file in it{held}"
