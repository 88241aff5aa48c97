"""All texts of the console are in one file for each language, and none is missing."""

import re
from pathlib import Path

import pytest

from api.console.shell import messages_in, shells
from api.console.static_files import StaticFile, read_files

FILES = read_files(Path(__file__).parents[3] / "api/console/static")
TEMPLATES = list((Path(__file__).parents[3] / "api/console/templates").iterdir())
LANGUAGES = [name for name in FILES if name.startswith("messages.") and name != "messages.js"]

#: `t("name"`, `pieces("name"`; a name with `${` in it is one of several.
USED = re.compile(r'\b(?:t|pieces)\(\s*"([^"]+)"')
PREFIXES = re.compile(r"\b(?:t|pieces|known)\(\s*`([^`$]+)\$\{")


def sources() -> dict[str, str]:
    """The modules that show texts, by name."""
    return {
        name: file.content.decode()
        for name, file in FILES.items()
        if name.endswith(".js") and name not in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_that_a_page_shows_exists(language: str) -> None:
    """A missing one would be an error in front of the person."""
    messages = messages_in(FILES[language])
    used = {(file, one) for file, source in sources().items() for one in USED.findall(source)}
    assert used
    assert {(file, one) for file, one in used if one not in messages} == set()
    for template in TEMPLATES:
        names = re.findall(r'\btext\("([^"]+)"', template.read_text())
        assert set(names) <= messages.keys()
    for source in sources().values():
        for prefix in PREFIXES.findall(source):
            assert any(name.startswith(prefix) for name in messages), prefix


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_is_shown_somewhere(language: str) -> None:
    """A text that nobody uses would be translated for nothing."""
    template = FILES["index.html"].content.decode()
    rendered = [path.read_text() for path in TEMPLATES]
    quoted = set(re.findall(r'"([a-zA-Z_.-]+)"', "".join([*sources().values(), *rendered])))
    quoted |= set(re.findall(r"\{([a-z.]+)\}", template))
    prefixes = {one for source in sources().values() for one in PREFIXES.findall(source)}
    unused = {
        name
        for name in messages_in(FILES[language])
        if name not in quoted and not any(name.startswith(one) for one in prefixes)
    }
    assert unused == set()


def test_all_languages_have_the_same_texts() -> None:
    """Each with the same values in braces; a form by number may be missing but `other`."""
    first = messages_in(FILES[LANGUAGES[0]])
    for language in LANGUAGES:
        messages = messages_in(FILES[language])
        assert messages.keys() == first.keys()
        for text in messages.values():
            assert isinstance(text, str) or "other" in text


def test_another_language_is_one_more_file() -> None:
    """The page is made from its texts, which are escaped."""
    content = FILES["messages.en.js"].content.replace(b'"Jobs"', b'"<Auftr\xc3\xa4ge>"')
    german = StaticFile.of(content, "text/javascript")
    pages = shells(FILES["index.html"], {**FILES, "messages.de.js": german})
    assert set(pages) == {"en", "de"}
    assert "&lt;Aufträge&gt;" in pages["de"].content.decode()
    assert 'href="console/messages.de.js"' in pages["de"].content.decode()
    assert "messages.de.js" not in pages["en"].content.decode()
    assert 'lang="de"' in pages["de"].content.decode()


def test_a_file_of_messages_that_is_no_json_is_refused() -> None:
    """So a wrong translation ends the start of the API, and not the page of a person."""
    with pytest.raises(ValueError, match="begins with"):
        messages_in(StaticFile.of(b"const a = {}", "text/javascript"))
