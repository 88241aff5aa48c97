"""Tells a JSON body with the addresses of files from one with rows, and reads it."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, NamedTuple

from werkzeug.datastructures import MultiDict

from api.requests.options import JobOptions
from api.submission.checks import JsonBody
from api.uploads.formats import ADDRESSES
from shared.errors.input import BadOption, BadPlace, RowsOrAddresses
from shared.places.address import Place, place_of
from shared.tables.json_values import kind_of
from shared.tables.stored_rows import ref_text

#: The most addresses of one request; a folder is one, whatever is in it.
MOST_ADDRESSES = 100

INPUT, OUTPUT = "input", "output"

_OPTIONS = frozenset(one.name for one in fields(JobOptions))
#: Of any scheme: the refusal of another one says which there are.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Asked(NamedTuple):
    """What a request asks to read.

    Attributes:
        places: the files and folders.
        is_one_file: whether `input` is the address of one file, and no list or folder.
        output: the folder that gets the results; None: none.
        options: the options in the body, as a query has them.
    """

    places: tuple[Place, ...]
    is_one_file: bool
    output: Place | None
    options: MultiDict[str, str]


def asked_of(body: JsonBody, media_type: str) -> Asked | None:
    """Read the addresses in a JSON body; None if it has rows.

    It has addresses if its `input` is an address or a list of addresses, or its `output` is one.
    If it can be read as rows, because the columns of the model are in it, it has rows; unless all
    its other members are options: then it may be either, and is refused.

    Args:
        body: the body.
        media_type: the content type of the request; `ADDRESSES` says that there are no rows.

    Raises:
        shared.errors.input.RowsOrAddresses: it may be either.
        shared.errors.input.PlaceError: it has addresses that cannot be used.
        shared.errors.input.BadOption: an option has a value that no option has.
    """
    value = body.value
    if media_type != ADDRESSES:
        if not isinstance(value, dict) or INPUT not in value:
            return None
        has_addresses = _are_addresses(value[INPUT]) or _are_addresses(value.get(OUTPUT))
        has_options = value.keys() <= {*_OPTIONS, INPUT, OUTPUT}
        # As columns of rows are named: by the options in the query.
        has_rows = body.early is not None and value.keys() >= set(body.early.inputs.inputs)
        if has_rows and has_addresses and has_options:
            raise RowsOrAddresses(media_type=ADDRESSES)
        if has_rows or not has_addresses:
            return None
    if not isinstance(value, dict) or INPUT not in value:
        raise BadPlace(address="", reason='the body must be like {"input": "s3://bucket/key.csv"}')
    listed = value[INPUT] if isinstance(value[INPUT], list) else [value[INPUT]]
    if not 0 < len(listed) <= MOST_ADDRESSES:
        reason = f"'input' has 1 to {MOST_ADDRESSES} addresses; a folder (it ends in /) is one"
        raise BadPlace(address="", reason=reason)
    places = tuple(map(_place, listed))
    is_one_file = not isinstance(value[INPUT], list) and not places[0].is_folder
    output = None if value.get(OUTPUT) is None else _place(value[OUTPUT])
    options = {name: one for name, one in value.items() if name not in (INPUT, OUTPUT)}
    return Asked(places, is_one_file, output, _as_query(options))


def _are_addresses(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return bool(texts) and all(isinstance(one, str) and _ADDRESS.match(one) for one in texts)


def _place(value: Any) -> Place:
    if not isinstance(value, str):
        raise BadPlace(address="", reason=f"an address is a string, and this is {kind_of(value)}")
    try:
        return place_of(value)
    except ValueError as error:
        raise BadPlace(address=_shown(value), reason=str(error)) from None


def _shown(address: str) -> str:
    """The beginning of an address, without what may be a password or a signature."""
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    text = f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
    return text[:80].encode("utf-8", "replace").decode()


def _as_query(options: dict[str, Any]) -> MultiDict[str, str]:
    """The options in a body, as a query has them."""
    found: MultiDict[str, str] = MultiDict()
    for name, value in options.items():
        for text in _texts(name, value):
            found.add(name, text)
    return found


def _texts(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, dict) and name in ("label", "rename"):
        value = [f"{key}:{ref_text(one)}" for key, one in value.items()]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value if name == "label" else [_line(value)]
    if value is None or isinstance(value, (list, dict)):
        reason = f"it must be a string, a number or a list of names, and is {kind_of(value)}"
        raise BadOption(option=name[:80], value="", reason=reason)
    return [ref_text(value)]


def _line(names: list[str]) -> str:
    """Names as a list in a query: separated by commas, with quotes as in a CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()
