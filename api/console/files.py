"""The files of the console: what a browser loads, the page and its texts in each language."""

from pathlib import Path

from flask import Request

from api.console.shell import DEFAULT_LANGUAGE, messages_of, shells
from api.console.static_files import read_files

#: What the pages load, by name.
FILES = read_files(Path(__file__).with_name("static"))

#: The page in each language. It is an answer of `/` alone, as it needs headers of its own.
SHELLS = shells(FILES.pop("index.html"), FILES)

#: The texts in each language.
MESSAGES = messages_of(FILES)


def language_of(request: Request) -> str:
    """The language that the client prefers of those that there are."""
    return request.accept_languages.best_match(MESSAGES, DEFAULT_LANGUAGE)
