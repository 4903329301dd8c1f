"""The whole chain on one machine, for laptops, the demo, tests and benchmarks.

`python -m serving.laptop --models DIR` is `make serve`; `running` does the same for programs:

    with running(Path("models")) as chain:
        print(chain.url)

On Linux both processes stop as well when the one that started them is killed outright: the kernel
then sends them SIGTERM. (It does so, too, when the thread that started them ends.) Elsewhere they
stay behind after a `kill -9`.
"""

from serving.laptop.chain import Chain, running
from serving.laptop.programs import LaptopError, Program

__all__ = ["Chain", "LaptopError", "Program", "running"]
