"""Become another module, ended by the kernel when the parent process ends (on Linux).

`python tied.py PARENT MODULE ARGUMENT…`, where PARENT is the parent's process id. A program of its
own, because code that runs between fork and exec may deadlock where there are threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def run(parent: int, module: str, *arguments: str) -> None:
    """Become `python -m module`; end at once if the parent has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606


if __name__ == "__main__":
    run(int(sys.argv[1]), *sys.argv[2:])
