"""Runs the commands in a page of the documents, and compares what they print with the page.

A block marked `console` is run: each line that begins with `$ ` is a command, and the lines below
it are what it prints. A block marked `python` is run as a script. A block marked `sh` is only
shown, because it needs Docker, another machine or a terminal of its own; if it starts the service
(`serve`), the test starts its own service there.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

#: The address of the service in all pages.
PAGE_URL = "http://127.0.0.1:5005"

_BLOCK = re.compile(r"^```(console|python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: A command of the virtual environment, as a page writes it.
_ENVIRONMENT = ".venv/bin/"

#: The commands that a virtual environment of the project has.
_COMMANDS = {
    "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n',
    "scorelane": f"""#!/bin/sh
exec "{sys.executable}" -c 'from scorelane.commands.main import main; main()' "$@"
""",
}


@dataclass
class Command:
    """A command, and the lines that it prints; three dots or more match any text."""

    text: str
    says: list[str] = field(default_factory=list)

    def prints(self, printed: str) -> bool:
        """Whether the page says this; a command without lines below it may print anything."""
        said = "\n".join(self.says)
        pattern = ".*?".join(map(re.escape, re.split(r"\.{3,}", said)))
        printed = printed.replace("\r\n", "\n").strip()
        return not said or bool(re.fullmatch(pattern, printed, re.DOTALL))


@dataclass
class Printed:
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int


def commands_of(page: Path, *, scripts: bool = True) -> list[list[Command]]:
    """Read the commands of a page, in their order.

    Args:
        page: the document.
        scripts: whether blocks of Python are commands too.

    Returns:
        One list of commands for each run of the service: a new list begins where the page starts
        the service.
    """
    runs: list[list[Command]] = [[]]
    for kind, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "console":
            runs[-1] += _console(block)
        elif kind == "python" and scripts:
            runs[-1].append(Command(f"python - <<'PYTHON'\n{block}PYTHON"))
        elif kind == "sh" and re.search(r"\bserve\b", block):
            runs.append([])
    return runs


def _console(block: str) -> list[Command]:
    found: list[Command] = []
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


class Shell:
    """A shell in a folder of its own, for the commands of one page.

    Variables live through one call of `run`, files through all.
    """

    def __init__(self, folder: Path, root: Path, url: str) -> None:
        """Make the folder's commands, and link the examples of the project into it.

        Args:
            folder: where the commands run.
            root: the folder of the project.
            url: the address of the service.
        """
        self.folder = folder
        self._url = url
        self._number = 0
        commands = folder / "commands"
        commands.mkdir()
        for name, script in _COMMANDS.items():
            (commands / name).write_text(script, encoding="utf-8")
            (commands / name).chmod(0o755)
        (folder / "examples").symlink_to(root / "examples")
        self._env = {
            **os.environ,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": str(root),
            "SCORELANE_URL": url,
            "SCORELANE_MODELS_DIR": str(folder / "models"),
        }

    def run(self, commands: list[Command]) -> list[Printed]:
        """Run commands one after the other in one shell."""
        script = ["set -u"]
        names = []
        for command in commands:
            name = json.dumps(str(self.folder / f"commands/{self._number}"))
            text = command.text.replace(PAGE_URL, self._url).replace(_ENVIRONMENT, "")
            script.append(f"{{ {text}\n}} > {name}.out 2> {name}.err; echo $? > {name}.status")
            names.append(json.loads(name))
            self._number += 1
        subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.folder,
            env=self._env,
            check=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        return [
            Printed(
                Path(f"{name}.out").read_text(encoding="utf-8"),
                Path(f"{name}.err").read_text(encoding="utf-8"),
                int(Path(f"{name}.status").read_text()),
            )
            for name in names
        ]
