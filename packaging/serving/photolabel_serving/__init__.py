"""Photolabel's gateway and model server as commands.

The modules below this folder import each other as `serving`, as they do in the source tree. Each
command puts this folder on its own search path, and on that of the processes that it starts, so
that nobody else sees a module named `serving`.
"""

import os
import runpy
import sys
from pathlib import Path

_FOLDER = str(Path(__file__).parent)


def gateway() -> None:
    """Run the gateway."""
    _run("serving")


def model_server() -> None:
    """Run the embedded model server."""
    _run("serving.model_server")


def serve() -> None:
    """Run both on this machine."""
    _run("serving.local")


def _run(module: str) -> None:
    sys.path.insert(0, _FOLDER)
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([_FOLDER, others] if others else [_FOLDER])
    runpy.run_module(module, run_name="__main__", alter_sys=True)
