"""A process that works on a study: `python -m … URL FOLDER ITEMS SECONDS`.

Into the folder it writes a line for each item that it begins and finishes. An item that another
process works on at the same time is a line `twice`.
"""

import fcntl
import os
import sys
import time
from pathlib import Path

from training.experiments.queue import Item, Timing, open_queue
from training.fitting.interruption import terminable

TIMING = Timing(heartbeat=1, grace=1, poll=0.05, retry_seconds=20)


def note(folder: Path, *words: object) -> None:
    line = " ".join(map(str, words)) + "\n"
    descriptor = os.open(folder / "log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def main(url: str, where: str, items: str, seconds: str) -> None:
    folder = Path(where)
    work = [Item({"n": n}) for n in range(int(items))]
    queue = open_queue(url, "study", {"recipe": "r"}, work, "minimize", timing=TIMING)
    while claimed := queue.claim():
        with claimed as claim, (folder / f"item-{claim.position}").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note(folder, "twice", claim.position)
            note(folder, "began", claim.position, os.getpid())
            time.sleep(float(seconds))
            claim.finish(claim.position, process=os.getpid())
            note(folder, "finished", claim.position, os.getpid())


if __name__ == "__main__":
    with terminable():
        main(*sys.argv[1:])
