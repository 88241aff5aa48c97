"""Guessing the charset of a text from its beginning."""

import codecs
import re
import unicodedata

from api.guesses.guess import Guess

#: The byte order marks of charsets that are not UTF-8; that of UTF-32 begins with one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: What decoding with `surrogateescape` makes of bytes that are no UTF-8.
_BAD = re.compile("[\udc80-\udcff]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

#: The bytes that are odd for a text in Windows-1252, as a share of those that are no ASCII, up to
#: which it is taken for one.
_MOST_ODD = 0.05

#: Symbols that may stand between two letters: apostrophes, a dash, dots and the soft hyphen.
_WITHIN_WORDS = "\u2019\u2018\u00b4\u2014\u2026\u00b7\u00ad\u00a0"

#: Symbols that may follow a letter at the end of its word: also quotes, signs of money, squares.
_AFTER_WORDS = (
    _WITHIN_WORDS
    + "\u201c\u201d\u2013\u00ab\u00bb\u00ae\u2122\u00a9\u00b0\u20ac\u00a3\u00b2\u00b3\u2022"
)

#: A letter, something that is no ASCII, and what follows; also where they overlap.
_AFTER_A_LETTER = re.compile(r"(?=([^\W\d_])([^\x00-\x7f])([^\W\d_]?))")


def guess_charset(head: bytes, *, is_whole: bool) -> Guess | None:
    """Guess the charset of a text; None: it is UTF-8, or nothing can be said.

    UTF-16 and UTF-32 are known by their byte order marks, UTF-16 without one by where its NULs
    are. What is neither that nor UTF-8 is taken for Windows-1252, which has all letters of
    Latin-1, if it makes words of the text: a text in another charset of one byte a character gets
    symbols and capitals within its words.

    Args:
        head: the beginning of the text.
        is_whole: whether the text ends there. If not, a character that is cut off is no fault.
    """
    for mark, charset in _MARKS:
        if head.startswith(mark):
            if _decoded(head, charset, is_whole=is_whole) is None:
                return None
            reason = f"The file begins with the byte order mark of {charset.upper()}."
            return Guess("charset", charset, reason)
    if b"\0" in head:
        return _without_mark(head, is_whole=is_whole)
    if _decoded(head, "utf-8", is_whole=is_whole) is not None:
        return None
    return _windows(head)


def _decoded(head: bytes, charset: str, *, is_whole: bool) -> str | None:
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        return decoder.decode(head, final=is_whole)
    except UnicodeError:
        return None


def _without_mark(head: bytes, *, is_whole: bool) -> Guess | None:
    """Guess UTF-16 without a byte order mark: only one order of its bytes makes a text."""
    plausible = []
    for charset in ("utf-16-le", "utf-16-be"):
        text = _decoded(head, charset, is_whole=is_whole)
        if text and "\n" in text and all(map(_is_text, set(text))):
            plausible.append(charset)
    if len(plausible) != 1:
        return None
    order = "low" if plausible == ["utf-16-le"] else "high"
    reason = (
        f"The file has NULs where UTF-16 has them, and no byte order mark. Read as UTF-16 with the "
        f"{order} byte first: only so it is a text."
    )
    return Guess("charset", plausible[0], reason)


def _is_text(sign: str) -> bool:
    # No control characters, and nothing that is not assigned or of private use.
    return sign in "\t\r\n\ufeff" or unicodedata.category(sign) not in ("Cc", "Cn", "Co", "Cs")


def _windows(head: bytes) -> Guess | None:
    """Guess Windows-1252 for a text that is not UTF-8, if it makes words of it."""
    mixed = head.decode("utf-8", "surrogateescape")
    bad = sum(map(len, _BAD.findall(mixed)))
    if sum(map(len, _NOT_ASCII.findall(mixed))) - bad > _MOST_ODD * bad:
        # UTF-8 with some bad bytes: read otherwise, all its good characters would become bad.
        return None
    try:
        text = head.decode("cp1252")
    except UnicodeDecodeError:
        return None
    runs = list(map(len, _NOT_ASCII.findall(text)))
    if sum(_is_odd(one) for one in _AFTER_A_LETTER.finditer(text)) > _MOST_ODD * sum(runs):
        return None
    # In an alphabet of its own, most letters stand next to one another; in Portuguese some do.
    if sum(runs) - len(runs) > 0.5 * sum(runs):
        return None
    found = _BAD.search(mixed)
    first = len(mixed[: found.start()].encode()) if found else 0
    at = f"byte {first:,} is 0x{head[first]:02x}"
    reason = (
        f"The file is not UTF-8 ({at}). Read as Windows-1252, which has all letters of Latin-1; "
        "this is a guess: look at the accents in the rows."
    )
    return Guess("charset", "cp1252", reason, _others(head))


def _is_odd(found: "re.Match[str]") -> bool:
    before, sign, after = found.groups()
    if unicodedata.category(sign)[0] != "L" or sign in "\u00aa\u00ba":
        return sign not in (_WITHIN_WORDS if after else _AFTER_WORDS)
    return sign.isupper() and before.islower()


def _others(head: bytes) -> tuple[str, ...]:
    """Charsets that make another text of it."""
    text = head.decode("cp1252")
    others = []
    for charset in ("cp1250", "cp1254", "iso-8859-15", "mac-roman"):
        try:
            other = head.decode(charset)
        except UnicodeDecodeError:
            continue
        if other != text:
            others.append(charset)
    return tuple(others)
