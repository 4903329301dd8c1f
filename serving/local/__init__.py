"""The local stack: gateway and embedded model server on one machine, as two processes.

It is for laptops, the demo, tests and benchmarks. `python -m serving.local --models DIR` is
`make serve`; `run_stack` does the same in a program:

    with run_stack(Path("models")) as stack:
        print(stack.url)

On Linux both processes also stop when the process (or thread) that started them is killed: the
kernel then sends them SIGTERM. Elsewhere they keep running after a `kill -9`.
"""

from serving.local.process import ChildProcess, LocalError
from serving.local.stack import Stack, run_stack

__all__ = ["ChildProcess", "LocalError", "Stack", "run_stack"]
