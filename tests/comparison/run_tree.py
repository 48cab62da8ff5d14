"""Run the `pulse` command of a tree: python run_tree.py TREE ARGUMENT...

The command is what the tree's own pyproject.toml calls `pulse`, so that no module is named here.
PYTHONPATH must name the tree's packages, for the processes that the command starts.
"""

import importlib
import sys
import tomllib
from pathlib import Path

from sitecustomize import note_modules  # wire/sitecustomize.py, found through PYTHONPATH


def main() -> None:
    """Run the command, and record which modules it used."""
    tree, *arguments = sys.argv[1:]
    project = tomllib.loads((Path(tree) / "pyproject.toml").read_text("utf-8"))
    module, _, function = project["project"]["scripts"]["pulse"].partition(":")
    sys.argv = ["pulse", *arguments]
    try:
        getattr(importlib.import_module(module), function)()
    finally:
        note_modules()


if __name__ == "__main__":
    main()
