"""Makes all kinds of a module: `python -m programs.model_kinds.making MODULE FOLDER`.

A library of another version runs this in its own environment.
"""

import importlib
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Make each kind in a folder of its own, and print the names of those that failed."""
    module, folder = sys.argv[1], Path(sys.argv[2])
    kinds = importlib.import_module(f"programs.model_kinds.{module}").KINDS
    for number, kind in enumerate(kinds):
        try:
            kind.write(folder / f"{module}-{number:02}")
        # One model must not end the table of the others.
        except Exception:  # noqa: BLE001
            print(f"{kind.name} cannot be made: {traceback.format_exc()}", file=sys.stderr)


if __name__ == "__main__":
    main()
