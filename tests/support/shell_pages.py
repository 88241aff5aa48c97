"""Reads and runs the shell commands in a page of the documentation, with their expected output."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

#: The URL of the service in the pages.
PAGE_URL = "http://127.0.0.1:5005"

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: A replacement for jq, with the few features that the pages use.
_JQ = """#!/usr/bin/env python3
import functools, json, sys
path = sys.argv[-1].replace("[", ".").replace("]", "").split(".")
steps = [int(one) if one.isdigit() else one for one in path if one]
print(functools.reduce(lambda found, one: found[one], steps, json.load(sys.stdin)))
"""


@dataclass
class Command:
    """A command, and its expected output; three or more dots match anything.

    Attributes:
        text: the command.
        output: the lines of the expected output; empty if any output is right.
    """

    text: str
    output: list[str] = field(default_factory=list)

    def prints(self, printed: str) -> bool:
        """Whether the command's real output is the expected one."""
        expected = "\n".join(self.output)
        pattern = ".*?".join(map(re.escape, re.split(r"\.{3,}", expected)))
        printed = printed.replace("\r\n", "\n").strip()
        return not expected or bool(re.fullmatch(pattern, printed, re.DOTALL))


def commands_of(page: Path, tool: str) -> list[Command]:
    """The commands of all blocks that use `tool`, in the order of the page."""
    found: list[Command] = []
    for block in _BLOCK.findall(page.read_text()):
        if not re.search(rf"^\$ .*\b{tool}\b", block, re.MULTILINE):
            continue
        continued = False
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:]))
            elif continued:
                found[-1].text += "\n" + line
            else:
                found[-1].output.append(line)
            continued = line.endswith("\\")
    return found


def run(commands: list[Command], url: str, folder: Path, path: Path) -> list[str]:
    """Run commands in one shell; returns the output of each.

    Args:
        commands: the commands of a page.
        url: the URL of the service.
        folder: the working folder of the shell.
        path: an empty folder, for a replacement of jq and for outputs.
    """
    (path / "jq").write_text(_JQ)
    (path / "jq").chmod(0o755)
    script = ["set -u", f"cd {json.dumps(str(folder))}", f"PATH=$PATH:{json.dumps(str(path))}"]
    for number, command in enumerate(commands):
        out = json.dumps(str(path / f"{number}.out"))
        script += [f"{{ {command.text.replace(PAGE_URL, url)}\n}} > {out} 2> {out}.err"]
    subprocess.run(["bash", "-c", "\n".join(script)], check=True, timeout=120)
    return [(path / f"{number}.out").read_text() for number in range(len(commands))]
