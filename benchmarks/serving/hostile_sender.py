"""A process that posts hostile uploads, one after the other.

Run by `figures/hostile.py`: python -m benchmarks.serving.hostile_sender COUNT

It makes the uploads of `benchmarks.hostile_uploads` in advance, prints `made`, and then for each
line `URL SECONDS` on standard input posts them for as long and prints the number of responses by
status as JSON; 0 stands for a closed connection.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle

import httpx

from benchmarks.hostile_uploads.uploads import Upload, uploads

_SEED = 0


def main(count: int) -> None:
    """Make the uploads, then post for as long as each line of standard input says."""
    made = list(uploads(count, _SEED))
    random.Random(_SEED).shuffle(made)  # They begin with one of each bomb.
    print("made", flush=True)
    endless = cycle(made)
    for line in sys.stdin:
        url, seconds = line.split()
        print(json.dumps(_post(endless, url, float(seconds))), flush=True)


def _post(endless: Iterator[Upload], url: str, seconds: float) -> Counter[int]:
    statuses: Counter[int] = Counter()
    end = time.monotonic() + seconds
    with httpx.Client(timeout=30) as client:
        while time.monotonic() < end:
            upload = next(endless)
            headers = [
                (name.encode(), value.encode("latin-1")) for name, value in upload.headers.items()
            ]
            try:
                statuses[client.post(url, content=upload.body, headers=headers).status_code] += 1
            except httpx.TransportError:
                # A server may close the connection of a request that it does not read to its end.
                statuses[0] += 1
    return statuses


if __name__ == "__main__":
    main(int(sys.argv[1]))
