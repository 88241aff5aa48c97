"""The page about a user of Redis with the least rights names all commands of the scripts."""

import re

from support.programs import ROOT


def test_the_page_names_every_command_of_the_scripts() -> None:
    """A command that a script calls, and that the user of the page may not call, would fail."""
    page = (ROOT / "docs/how-to/secure-redis.md").read_text()
    lines = re.findall(r"^    ACL SETUSER scorelane (.*)$", page, re.MULTILINE)
    allowed = {word[1:].upper() for line in lines for word in line.split() if word[0] == "+"}
    scripts = [path.read_text() for path in (ROOT / "shared/redis/lua").glob("*.lua")]
    called = {name for text in scripts for name in re.findall(r"redis\.call\('([A-Z]+)'", text)}
    assert called
    assert called <= allowed
