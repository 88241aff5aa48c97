"""The values that a setting may have, and the messages about values that it may not have."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from shared.config.object_address import object_address

#: A longer value is cut off when a message quotes it.
QUOTED_CHARS = 80

_KINDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    Path: "a path",
    str: "a text",
    SecretStr: "a text",
}

_BOUNDS: dict[type, tuple[str, str]] = {
    Gt: ("gt", "above"),
    Ge: ("ge", "from"),
    Le: ("le", "up to"),
}


def allowed(field: FieldInfo) -> str:
    """The values that a setting may have, in words: `a whole number from 1 up to 31`."""
    if field.annotation is bool:
        return "true or false"
    kinds = [one for one in get_args(field.annotation) if one is not type(None)]
    if kinds and all(isinstance(one, str) for one in kinds):
        return f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    words = _KINDS[kinds[0] if kinds else field.annotation]
    for bound in field.metadata:
        if type(bound) in _BOUNDS:
            name, word = _BOUNDS[type(bound)]
            words += f" {word} {getattr(bound, name)}"
    return words


def upper(value: Any) -> Any:
    """A word in upper case without blanks around it; other values unchanged."""
    return value.strip().upper() if isinstance(value, str) else value


def own_port(value: Any) -> Any:
    """The value; 0 in place of an address that Kubernetes has put into the variable.

    A Service named `scorelane-metrics` gives `SCORELANE_METRICS_PORT=tcp://10.0.0.1:9090` to every
    container of its namespace that does not set the variable itself.
    """
    return 0 if isinstance(value, str) and _SERVICE_LINK.fullmatch(value) else value


def blob_address(value: str) -> str:
    """Give the value back, if it is empty or the address of object storage.

    Raises:
        ValueError: it is not.
    """
    if value:
        object_address(value)
    return value


def store_endpoint(value: str) -> str:
    """Give the value back without a slash at its end, if it is empty or the address of a server.

    Raises:
        ValueError: it is not.
    """
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        raise ValueError("http://HOST:PORT or https://HOST")
    return value.rstrip("/")


def listed(text: str) -> list[str]:
    """The items of a list that commas separate, in lower case and without the blanks around."""
    return [item for item in (part.strip().lower() for part in text.split(",")) if item]


def host_names(value: str) -> str:
    """The same, if it is a list of host names and addresses.

    Raises:
        ValueError: an item is something else, such as a URL.
    """
    if any(item != "*" and not _HOST.fullmatch(item) for item in listed(value)):
        raise ValueError("host names by comma, without scheme, port and path, or *")
    return value


def web_origins(value: str) -> str:
    """The same, if it is a list of origins of web pages.

    Raises:
        ValueError: an item is something else, such as an address with a path, or `*`.
    """
    for item in listed(value):
        if not _ORIGIN.fullmatch(item):
            raise ValueError("origins by comma, each http://HOST, https://HOST or with :PORT")
    return value


def type_names(value: str) -> str:
    """The same, if it is a list of full names of types.

    Raises:
        ValueError: an item is something else, such as a pattern.
    """
    for item in filter(None, map(str.strip, value.split(","))):
        if "." not in item or not all(map(str.isidentifier, item.split("."))):
            raise ValueError("full names of types by comma, such as package.module.Type")
    return value


#: What Kubernetes puts into `<SERVICE>_PORT`.
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://\S+:[0-9]+")

#: A host name, an IPv4 address, or an IPv6 address without brackets.
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f]*:[0-9a-f:.]+")

#: As browsers send it: without a slash at its end.
_ORIGIN = re.compile(r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def faults_of(error: ValidationError, fields: Mapping[str, FieldInfo], prefix: str) -> list[str]:
    """What is wrong with each variable, one sentence each; no sentence quotes a secret.

    Args:
        error: the error that reading the settings has raised.
        fields: the fields of the settings by their names.
        prefix: what the names of all variables begin with.
    """
    faults = []
    for one in error.errors():
        name = str(one["loc"][0])
        field, reason = fields[name], one.get("ctx", {}).get("error")
        is_quotable = field.annotation is not SecretStr and not reason
        value = (
            f"cannot be {str(one['input'])[:QUOTED_CHARS]!r}" if is_quotable else "cannot be used"
        )
        faults.append(f"{prefix}{name.upper()} {value}: it must be {reason or allowed(field)}.")
    return faults
