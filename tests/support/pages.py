"""Pages of the documents whose blocks of Python are run."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

#: `expression  # -> what it comes to`.
COMES_TO = re.compile(r"^( *)(\S.*?)  # -> (.+)$", re.MULTILINE)


def blocks(page: Path) -> list[tuple[int, str]]:
    """The blocks of Python, each with the number of lines before it."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, block.start(1)), block.group(1)) for block in found]


def checking(block: str) -> str:
    """The block, with what it says of its expressions as assertions."""
    return COMES_TO.sub(
        lambda at: f"{at[1]}assert (found := repr({at[2]})) == {at[3]!r}, found", block
    )


async def run_page(page: Path, instead: dict[str, str]) -> dict[str, Any]:
    """Run the blocks as the cells of a notebook: in one loop, which they may await in.

    Args:
        page: the document.
        instead: what stands in the page -> what is meant here.

    Returns:
        The names that they have made.
    """
    names: dict[str, Any] = {}
    for lines, block in blocks(page):
        content = "\n" * lines + checking(block)
        for written, meant in instead.items():
            content = content.replace(written, meant)
        code = compile(content, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        made = eval(code, names)  # noqa: S307  the project's own pages
        if inspect.isawaitable(made):
            await made
    return names
