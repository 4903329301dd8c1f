"""Photolabel's training as a command.

The modules below this folder import each other as `training` and `serving`, as they do in the
source tree. The command puts this folder on its own search path, and on that of the processes that
it starts, so that nobody else sees modules of these names.
"""

import os
import runpy
import sys
from pathlib import Path

_FOLDER = str(Path(__file__).parent)


def main() -> None:
    """Run the command line of training."""
    sys.path.insert(0, _FOLDER)
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([_FOLDER, others] if others else [_FOLDER])
    runpy.run_module("training", run_name="__main__", alter_sys=True)
