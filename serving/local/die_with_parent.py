"""Run another module in this process, and let the kernel end it with its parent (on Linux).

`python die_with_parent.py PARENT MODULE ARGUMENT…`, where PARENT is the parent's process id. It is
a program because code that runs between fork and exec may deadlock where there are threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

if __name__ == "__main__":
    parent, module, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # It has ended already.
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606
