"""The whole chain on one machine, for laptops, the demo, tests and benchmarks.

`python -m serving.local --models DIR` is `make serve`; `running` does the same for programs:

    with running(Path("models")) as chain:
        print(chain.url)

On Linux both processes stop as well when the one that started them is killed outright: the kernel
then sends them SIGTERM. (It does so, too, when the thread that started them ends.) Elsewhere they
stay behind after a `kill -9`.
"""

from serving.local.process import LocalError, Program
from serving.local.stack import Chain, running

__all__ = ["Chain", "LocalError", "Program", "running"]
