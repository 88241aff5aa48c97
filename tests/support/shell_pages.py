"""The commands in a page of the documents, and what it says that they print."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

#: Where a page has the service.
THERE = "http://127.0.0.1:5005"

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: For machines without jq: what the pages use of it.
_JQ = """#!/usr/bin/env python3
import functools, json, sys
path = sys.argv[-1].replace("[", ".").replace("]", "").split(".")
steps = [int(one) if one.isdigit() else one for one in path if one]
print(functools.reduce(lambda found, one: found[one], steps, json.load(sys.stdin)))
"""


@dataclass
class Command:
    """A command, and the lines under it; three dots or more stand for anything."""

    text: str
    says: list[str] = field(default_factory=list)

    def is_as_said(self, printed: str) -> bool:
        """Whether this is what the page says; where it says nothing, anything is."""
        said = "\n".join(self.says)
        pattern = ".*?".join(map(re.escape, re.split(r"\.{3,}", said)))
        printed = printed.replace("\r\n", "\n").strip()
        return not said or bool(re.fullmatch(pattern, printed, re.DOTALL))


def commands_of(page: Path, tool: str) -> list[Command]:
    """The commands of the blocks that use a tool, in their order."""
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
                found[-1].says.append(line)
            continued = line.endswith("\\")
    return found


def run(commands: list[Command], url: str, folder: Path, path: Path) -> list[str]:
    """Run commands in one shell, in a folder; what each of them has printed.

    Args:
        commands: as a page has them.
        url: where the service is.
        folder: where they run.
        path: a folder of its own.
    """
    (path / "jq").write_text(_JQ)
    (path / "jq").chmod(0o755)
    script = ["set -u", f"cd {json.dumps(str(folder))}", f"PATH=$PATH:{json.dumps(str(path))}"]
    for number, command in enumerate(commands):
        out = json.dumps(str(path / f"{number}.out"))
        script += [f"{{ {command.text.replace(THERE, url)}\n}} > {out} 2> {out}.err"]
    subprocess.run(["bash", "-c", "\n".join(script)], check=True, timeout=120)
    return [(path / f"{number}.out").read_text() for number in range(len(commands))]
