"""Files of arrays that a process can map: an uncompressed `.npz` with aligned arrays.

Such a file is an ordinary archive of NumPy: `numpy.load` reads it too. Each array begins at a
multiple of `ALIGNMENT` bytes, so that it can be used where it is; a field `extra` of the ZIP's
local header (PKWARE's APPNOTE, section 4.5) fills the gap.
"""

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

#: The bytes at whose multiples the arrays begin; a line of a processor's cache.
ALIGNMENT = 64

#: The name of the member that holds what is no array.
_ABOUT = "about.json"

#: The identifier of an `extra` field that only fills a gap.
_GAP = 0xD935

#: The fixed bytes of a local file header (APPNOTE, section 4.3.7).
_LOCAL_HEADER = 30

#: The most bytes of the header of an array; those here have a few hundred.
_MOST_HEADER = 4096

#: The same bytes for the same content, at any time.
_DATE = (1980, 1, 1, 0, 0, 0)

Arrays = Mapping[str, npt.NDArray[Any]]


def write_arrays(path: Path, about: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a file of arrays.

    Args:
        path: the file.
        about: what else a reader must know, in JSON's values.
        arrays: the arrays, by name.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_member(_ABOUT), json.dumps(about))
        for name, array in arrays.items():
            header = io.BytesIO()
            contiguous = np.ascontiguousarray(array)
            np.lib.format.write_array_header_1_0(
                header, np.lib.format.header_data_from_array_1_0(contiguous)
            )
            member = _member(f"{name}.npy")
            member.file_size = header.tell() + contiguous.nbytes
            begin = file.tell() + _LOCAL_HEADER + len(member.filename) + header.tell()
            # zipfile then adds 20 bytes to the local header.
            begin += 20 * (member.file_size * 1.05 > zipfile.ZIP64_LIMIT)
            gap = (-begin - 4) % ALIGNMENT
            member.extra = struct.pack("<HH", _GAP, gap) + bytes(gap)
            with archive.open(member, "w") as target:
                target.write(header.getvalue())
                target.write(contiguous.reshape(-1).view(np.uint8).data)


def read_arrays(file: BinaryIO) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """What `write_arrays` wrote: `about`, and the arrays, which cannot be written to.

    Args:
        file: a file of the disk, which is mapped and may be closed afterwards; or one in memory,
            whose content is used where it is.

    Raises:
        ValueError: it is no such file.
    """
    content: Any
    if isinstance(file, io.BytesIO):
        content = file.getvalue()
    else:
        content = mmap(file.fileno(), 0, access=ACCESS_READ)
    try:
        with zipfile.ZipFile(file) as archive:
            about: dict[str, Any] = json.loads(archive.read(_ABOUT))
            arrays = {
                member.filename.removesuffix(".npy"): _array(content, member)
                for member in archive.infolist()
                if member.filename != _ABOUT
            }
    except (zipfile.BadZipFile, KeyError, struct.error) as error:
        raise ValueError(f"it is no file of arrays ({error})") from error
    return about, arrays


def _array(content: Any, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    at = member.header_offset + _LOCAL_HEADER
    name, extra = struct.unpack("<HH", content[at - 4 : at])
    begin = at + name + extra
    header = io.BytesIO(content[begin : begin + _MOST_HEADER])
    np.lib.format.read_magic(header)
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(header)
    if in_columns or dtype.hasobject:
        raise ValueError(f"the array {member.filename} is no plain one")
    count = int(np.prod(shape, dtype=np.int64))
    found = np.frombuffer(content, dtype, count, begin + header.tell())
    return found.reshape(shape)


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _DATE)
