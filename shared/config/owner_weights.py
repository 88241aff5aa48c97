"""The shares of owners, as the setting `owner_weights` has them."""

import re

_ITEM = re.compile(r"([A-Za-z0-9_.-]{1,64})=(\d{1,6}(?:\.\d{1,6})?)")


def weights_of(text: str) -> dict[str, float]:
    """The weight of each owner that a text such as `alice=3, bob=0.5` names.

    Raises:
        ValueError: it has another form, names an owner twice, or a weight that is 0.
    """
    found: dict[str, float] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        parts = _ITEM.fullmatch(item)
        if not parts or parts[1] in found:
            raise ValueError("owner=weight by comma, each owner once, such as alice=3,bob=0.5")
        found[parts[1]] = float(parts[2])
    if not all(found.values()):
        raise ValueError("weights above 0, such as alice=3,bob=0.5")
    return found


def owners_and_weights(value: str) -> str:
    """The same text, if it is a list of owners and their weights.

    Raises:
        ValueError: see `weights_of`.
    """
    weights_of(value)
    return value
