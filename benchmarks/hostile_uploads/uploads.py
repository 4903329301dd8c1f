"""What is sent: bombs, mutated photos, wrong types and broken requests, drawn by a seed."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.hostile_uploads.bombs import BOMBS, bomb, mutated, seed_photo

_BOUNDARY = "hostile"
_WRONG_TYPES = (
    b"",
    b"hello",
    b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>",
    b"%PDF-1.7\n",
    b"PK\x03\x04" + bytes(5000),
    b"\0\0\0\x18ftypheic\0\0\0\0",
    b"\x7fELF" + bytes(500),
)


@dataclass(frozen=True)
class Upload:
    """One request: what it is, its body and its headers."""

    kind: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def uploads(count: int, seed: int) -> Iterator[Upload]:
    """Yield so many uploads: every bomb once, then a mix of all kinds, the same for a seed."""
    generator = random.Random(seed)
    for number, name in zip(range(count), BOMBS, strict=False):
        yield Upload(f"bomb {number}: {name}", bomb(name))
    for _ in range(count - len(BOMBS)):
        (make,) = generator.choices(_KINDS, _WEIGHTS)
        yield make(generator)


def _photo(generator: random.Random) -> Upload:
    return Upload("mutated photo", mutated(generator))


def _bomb(generator: random.Random) -> Upload:
    name = generator.choice(list(BOMBS))
    return Upload(f"bomb: {name}", bomb(name))


def _truncated_bomb(generator: random.Random) -> Upload:
    name = generator.choice(list(BOMBS))
    whole = bomb(name)
    return Upload(f"truncated bomb: {name}", whole[: generator.randrange(len(whole))])


def _wrong_type(generator: random.Random) -> Upload:
    kind = generator.choice(["image/jpeg", "text/plain", "application/json", "multipart/form-data"])
    return Upload(f"wrong type as {kind}", generator.choice(_WRONG_TYPES), {"Content-Type": kind})


def _form(generator: random.Random) -> Upload:
    parts = b"".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{i}"; filename="{i}\u202e.jpg"\r\n'
        "\r\n".encode()
        + mutated(generator)
        + b"\r\n"
        for i in range(generator.randrange(1, 40))
    )
    body = parts + f"--{_BOUNDARY}--\r\n".encode()
    cut = generator.choice([len(body), generator.randrange(len(body))])
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    return Upload("form of mutated photos", body[:cut], {"Content-Type": kind})


def _json(generator: random.Random) -> Upload:
    photo = base64.b64encode(mutated(generator)).decode()
    body = generator.choice(
        [
            json.dumps({"images": [{"b64": photo}]}),
            json.dumps({"images": [{"b64": photo[1:]}]}),
            json.dumps({"images": {"b64": photo}}),
            "[" * 100_000,
            '{"images": [' + '{"b64": ""},' * 5_000,
        ]
    )
    return Upload("JSON", body.encode(), {"Content-Type": "application/json"})


def _header(generator: random.Random) -> Upload:
    headers = generator.choice(
        [
            {"X-Request-ID": "a" * 100_000},
            {f"X-Header-{number}": "a" * 100 for number in range(300)},
            {"Content-Type": "image/jpeg; " + "a=b; " * 1000},
            {"Authorization": "Bearer " + "\xff" * 1000},
        ]
    )
    return Upload("huge headers", seed_photo("JPEG"), headers)


_KINDS: list[Callable[[random.Random], Upload]]
_KINDS = [_photo, _bomb, _truncated_bomb, _wrong_type, _form, _json, _header]
_WEIGHTS = [900, 8, 12, 20, 20, 20, 20]
