"""Runs the Python blocks in pages of the documentation."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

#: A line with an expected value: `expression  # -> repr of its value`.
EXPECTED_VALUE = re.compile(r"^( *)(\S.*?)  # -> (.+)$", re.MULTILINE)


def blocks(page: Path) -> list[tuple[int, str]]:
    """The Python blocks of a page, each with the number of lines before it."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, block.start(1)), block.group(1)) for block in found]


def with_assertions(block: str) -> str:
    """Turn the expected values in a block into assertions."""
    return EXPECTED_VALUE.sub(
        lambda at: f"{at[1]}assert (found := repr({at[2]})) == {at[3]!r}, found", block
    )


async def run_page(page: Path, replacements: dict[str, str]) -> dict[str, Any]:
    """Run the blocks of a page in one namespace, with top-level await, like notebook cells.

    Args:
        page: the page.
        replacements: text in the page -> text to run instead, such as the service's URL.

    Returns:
        The namespace: name -> value.
    """
    names: dict[str, Any] = {}
    for lines, block in blocks(page):
        content = "\n" * lines + with_assertions(block)
        for text, replacement in replacements.items():
            content = content.replace(text, replacement)
        code = compile(content, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)  # noqa: S307  the project's own pages
        if inspect.isawaitable(result):
            await result
    return names
