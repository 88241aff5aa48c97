"""Writes Keras models as HDF5."""

import logging
from pathlib import Path
from typing import Any

import h5py

from scoring.networks.keras_checks import brief


def save_hdf5(model: Any, path: Path, *, pack: bool = False) -> None:
    """Save a whole model to a new file. The file of an uncompiled model has no optimizer state.

    Args:
        model: a Keras model.
        path: the path of the new file.
        pack: compress the weights with gzip, which every HDF5 reader supports.

    Raises:
        ValueError: Keras cannot write this model as HDF5; the message says why.
    """
    quiet_about_hdf5()
    written = path.with_suffix(".h5")
    try:
        model.save(written)
    # Subclassed models and custom layers may raise any exception here.
    except Exception as error:
        raise ValueError(f"it cannot be written as HDF5 ({brief(error)})") from error
    if pack:
        _copy_packed(written, path)
        written.unlink()
    else:
        written.rename(path)


def _copy_packed(source: Path, target: Path) -> None:
    with h5py.File(source, "r") as old, h5py.File(target, "w") as new:

        def copy(name: str, part: Any) -> None:
            if isinstance(part, h5py.Dataset):
                packed = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
                copied: Any = new.create_dataset(
                    name, data=part[()], **(packed if part.shape else {})
                )
            else:
                copied = new.require_group(name)
            for key, value in part.attrs.items():
                copied.attrs[key] = value

        for key, value in old.attrs.items():
            new.attrs[key] = value
        old.visititems(copy)


def quiet_about_hdf5() -> None:
    """Silence the advice of Keras, at every save, to use its newer file format."""
    logging.getLogger("absl").setLevel(logging.ERROR)
