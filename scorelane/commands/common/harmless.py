"""Shows texts of others on a terminal without letting them control it."""

import re

#: Control characters (C0 without tab and line feed, DEL, C1), which move the cursor, change colours
#: or the clipboard; the marks that change the direction of what follows; line separators; and lone
#: surrogates, which no encoding has.
_HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""The text with each harmful character as an escape that shows its number, such as `\x1b`."""
    return _HARMFUL.sub(lambda match: ascii(match[0])[1:-1], text)


def one_line(text: str) -> str:
    """The same on one line: runs of white space become one space."""
    return harmless(" ".join(text.split()))
