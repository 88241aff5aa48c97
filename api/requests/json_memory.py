"""Estimates, from the bytes of a JSON body alone, of the memory that it will take."""

import re

#: About how many bytes of memory each of these adds when JSON becomes rows. After a comma a number
#: is supposed; an object has its own sign.
_MEMORY = {
    b"{": 200,
    b"[": 88,
    b",": 104,
    b'"': 25,
    b"\\": 12,
    # The fields of an object are listed before it is made, to find names that are there twice.
    b'":': 64,
    b",{": -88,
    b", {": -88,
    b",\n{": -88,
}

#: The name of a field. Names that are repeated are one string in memory.
_NAME = re.compile(rb'"([^"\\]{0,256})"[ \t]{0,8}:')

#: The most different names for which the names are counted as one each.
_MOST_NAMES = 1000

#: An estimate up to this is good enough; a larger one is made more exact, which takes time.
_ROUGH_BYTES = 1024 * 1024

#: The bytes of a character in UTF-8 after its first one.
_CONTINUATION = bytes(range(0x80, 0xC0))

#: A string that holds JSON: it is parsed twice.
_IN_STRING = re.compile(rb'[\xef\xbb\xbf\s]*"')

#: A character of four bytes or of two in memory, as it is sent; and as an escape.
_WIDE, _WIDE_ESCAPE = re.compile(rb"[\xf0-\xf4]"), re.compile(rb"\\u[dD][89abAB]")
_MEDIUM, _MEDIUM_ESCAPE = re.compile(rb"[\xc4-\xef]"), re.compile(rb"\\u(?!00)")
_NOT_NARROW = re.compile(rb"[\xc4-\xf4]|\\u(?!00)")

#: Above this number of strings with such characters all strings are supposed to have some.
_MOST_STRINGS = 200_000

#: How many times longer a row becomes that has half of a surrogate pair: its other characters are
#: escaped too.
_ESCAPED = 3


def memory_for(body: bytes, copies: int = 0, enough: int = 0) -> int:
    """Estimate the most memory that a JSON body takes at a time, until its rows are stored.

    Args:
        body: the JSON.
        copies: how many times as much as the JSON is needed besides its values, once it is parsed.
        enough: a larger estimate is made more exact.
    """
    width = _width(body, _WIDE, _MEDIUM)
    wider = max(width, _width(body, _WIDE_ESCAPE, _MEDIUM_ESCAPE))
    chars = _chars(body) if width > 1 else len(body)
    strings = chars * wider
    if wider > width:
        # A string with escapes is put together of its pieces, in a buffer that grows by a quarter;
        # at the first wide character it is copied into a wider one.
        strings = strings * 5 // 4 + chars
    signs = sum(size * body.count(sign) for sign, size in _MEMORY.items())
    if signs + strings > _ROUGH_BYTES:
        signs -= _repeated(body)
    written = len(body)
    if width > 1 and _WIDE_ESCAPE.search(body):
        written *= _ESCAPED

    def most(strings: int) -> int:
        values = signs + (strings * 2 if _IN_STRING.match(body) else strings)
        # The body is there together with its text, and the text with its values.
        return max(chars * width + max(len(body), values), values + copies * written)

    if wider > 1 and most(strings) > enough and b"\0" not in body[:4]:
        strings = min(strings, _strings(body))
    return most(strings)


def _strings(body: bytes) -> int:
    """Return the memory of the strings; only those with wide characters take more for each."""
    total, end = len(body), 0
    for _ in range(_MOST_STRINGS):
        found = _NOT_NARROW.search(body, end)
        if not found:
            return total
        begin = body.rfind(b'"', end, found.start()) + 1
        # A quote after a backslash may be within the string.
        while begin > end + 1 and body[begin - 2] == ord("\\"):
            begin = body.rfind(b'"', end, begin - 1) + 1
        begin = max(begin, end)
        end = body.find(b'"', found.end())
        while end > 0 and body[end - 1] == ord("\\"):
            end = body.find(b'"', end + 1)
        if end < 0:
            end = len(body)
        string = body[begin:end]
        is_wide = _WIDE.search(string) or _WIDE_ESCAPE.search(string)
        chars = _chars(string) - 5 * string.count(b"\\u")
        total += chars * (4 if is_wide else 2) * 5 // 4
    return total + 5 * (len(body) - end)


def _chars(text: bytes) -> int:
    return len(text.translate(None, _CONTINUATION))


def _repeated(body: bytes) -> int:
    """Return how much of an estimate is for names of fields that are repeated."""
    names: set[bytes] = set()
    saved = 0
    for found in _NAME.finditer(body):
        name = found[1]
        if name not in names:
            names.add(name)
            if len(names) > _MOST_NAMES:
                return 0
        saved += 2 * _MEMORY[b'"'] + _MEMORY[b'":'] + len(name)
    return saved


def _width(body: bytes, wide: re.Pattern[bytes], medium: re.Pattern[bytes]) -> int:
    """Return how many bytes Python needs for each character of a text, by its widest one."""
    if wide.search(body) or b"\0" in body[:4]:  # the latter is UTF-16 or UTF-32
        return 4
    return 2 if medium.search(body) else 1
