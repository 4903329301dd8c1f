"""Commands under the names that they had in version 0.1.0, kept for one release.

`serving/__init__.py` puts this folder on the package's search path, so that
`python -m serving.laptop` finds `laptop.py` here.
"""

import runpy
import sys


def run(former: str, name: str) -> None:
    """Say the new name of a command and run it."""
    sys.stderr.write(f"python -m {former} is now python -m {name}\n")
    runpy.run_module(name, run_name="__main__", alter_sys=True)
