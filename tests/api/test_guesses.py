"""The guess of a charset: Windows-1252 for what makes words in it, and for nothing else."""

import pytest

from api.guesses.charset import guess_charset

TEXTS = {
    "fr": "Très déçu, l\u2019hôtel était sale et bruyant à côté; café crème, garçon naïf, œuvre où",
    "de": "Schöne Grüße aus München, Straße für Ämter, Übung, 20 €, ein Café",
    "es": "¿Qué tal? ¡Año nuevo! Señor, corazón, habitación, mañana, él está aquí",
    "pt": "Avaliações: não há refeições, coração, opções, manhã, é ótimo",
    "en": "It\u2019s a \u201cgreat\u201d hotel \u2013 na\u00efve caf\u00e9, it isn\u2019t\u2026",
    "pl": "Zażółć gęślą jaźń, byłem bardzo zadowolony, świetny hotel i łóżko",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy, dobrý hotel",
    "ru": "Очень хороший отель, спасибо",
    "el": "Πολύ καλό ξενοδοχείο",
    "ja": "とても良いホテルでした。ありがとう",
    "zh": "非常好的酒店 谢谢",
}


def guess_of(language: str, charset: str) -> str | None:
    text = f"id;text\n1;{TEXTS[language]}\n"
    guess = guess_charset(text.encode(charset, "ignore"), is_whole=True)
    return guess and guess.value


@pytest.mark.parametrize("language", ["fr", "de", "es", "pt", "en"])
def test_western_texts(language: str) -> None:
    """They are read as Windows-1252, and as nothing else if a Mac or DOS wrote them."""
    assert guess_of(language, "cp1252") == "cp1252"
    assert guess_of(language, "utf-8") is None
    if language != "en":
        assert guess_of(language, "cp850") is None
        assert guess_of(language, "mac-roman") is None


@pytest.mark.parametrize(
    ("language", "charset"),
    [
        *(("pl", "cp1250"), ("pl", "iso-8859-2"), ("cs", "cp1250"), ("ru", "cp1251")),
        *(("ru", "koi8-r"), ("ru", "cp866"), ("el", "cp1253"), ("ja", "shift-jis")),
        *(("ja", "euc-jp"), ("zh", "gbk"), ("zh", "big5")),
    ],
)
def test_other_charsets_are_not_guessed(language: str, charset: str) -> None:
    """Such a file is refused until the request names its charset."""
    assert guess_of(language, charset) is None


@pytest.mark.parametrize("language", sorted(TEXTS))
@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(language: str, charset: str) -> None:
    """Only one order of the bytes makes a text, in every language."""
    assert guess_of(language, charset) == charset


def test_a_character_that_is_cut_off() -> None:
    """A character of UTF-8 that the end cuts off is no letter of Windows-1252."""
    content = "aé".encode()[:-1]
    assert guess_charset(content, is_whole=False) is None
    assert guess_charset(content, is_whole=True) is None


def test_the_reason_and_the_alternatives() -> None:
    """The reason has the first byte that is not UTF-8; the alternatives make another text."""
    guess = guess_charset(b"caf\xe9 S\xe3o\n", is_whole=True)
    assert guess
    assert "byte 3 is 0xe9" in guess.reason
    assert guess.alternatives == ("cp1250", "mac-roman")
