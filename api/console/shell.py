"""The page of the console without its content, in each language that it has texts in."""

import json
import re
from collections.abc import Mapping
from html import escape

from api.console.static_files import StaticFile

#: The language of people whose browsers ask for none that there is.
DEFAULT_LANGUAGE = "en"

_MESSAGES = re.compile(r"messages\.([a-z-]+)\.js")

#: A place in `index.html` for a text, or for what the page loads.
_PLACE = re.compile(r"\{([a-z.]+)\}")

_BEFORE = "export default "


def messages_in(file: StaticFile) -> dict[str, str | dict[str, str]]:
    """The texts in a file of messages: a JavaScript module that is JSON after `export default`.

    Raises:
        ValueError: it is not.
    """
    before, found, texts = file.content.decode().partition(_BEFORE)
    if before or not found:
        raise ValueError(f"a file of messages begins with {_BEFORE!r}")
    messages: dict[str, str | dict[str, str]] = json.loads(texts)
    return messages


def messages_of(files: Mapping[str, StaticFile]) -> dict[str, dict[str, str | dict[str, str]]]:
    """The texts in each language, from the files that the console loads.

    Raises:
        ValueError: a file of messages cannot be read.
    """
    return {
        match[1]: messages_in(file)
        for name, file in files.items()
        if (match := _MESSAGES.fullmatch(name))
    }


def shells(template: StaticFile, files: Mapping[str, StaticFile]) -> dict[str, StaticFile]:
    """The page in each language.

    Args:
        template: the page with places such as `{nav.jobs}`, which messages replace.
        files: what the console loads, by name; `messages.<language>.js` makes a language.

    Raises:
        KeyError: a language lacks a text of the page.
        ValueError: a file of messages cannot be read.
    """
    found = {}
    for name, file in files.items():
        if match := _MESSAGES.fullmatch(name):
            values = {key: text for key, text in messages_in(file).items() if isinstance(text, str)}
            values = {key: escape(text) for key, text in values.items()}
            values |= {"lang": match[1], "messages": f"./{name}", "assets": _assets(files, name)}
            page = _PLACE.sub(lambda place: values[place[1]], template.content.decode())  # noqa: B023
            found[match[1]] = StaticFile.of(page.encode(), template.media_type)
    return found


def _assets(files: Mapping[str, StaticFile], messages: str) -> str:
    """The tags that load the style sheets and modules, all at once instead of one by the other."""
    styles = [name for name in files if name.endswith(".css")]
    modules = [name for name in files if name.endswith(".js") and not _MESSAGES.fullmatch(name)]
    # What is general comes first, so that a page's own rules may override it.
    styles.sort(key=lambda name: (name != "console.css", name))
    tags = [f'<link rel="stylesheet" href="{_address(name)}">' for name in styles]
    tags += [f'<link rel="modulepreload" href="{_address(name)}">' for name in [messages, *modules]]
    tags.append(f'<script type="module" src="{_address("main.js")}"></script>')
    return "\n    ".join(tags)


def _address(name: str) -> str:
    # Relative, because a proxy may serve the page below a path.
    return f"console/{name}"
