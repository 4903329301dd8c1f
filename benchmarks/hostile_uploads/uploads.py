"""What is sent: bombs, mutated photos, wrong types and broken requests, selected by a seed."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.hostile_uploads.bombs import BOMBS, bomb, mutated, seed_photo
from benchmarks.hostile_uploads.requests import FORM, JSON, REQUESTS, file_head, form

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
    """Yield `count` uploads: each bomb and hostile request, then a mix; the same for a seed."""
    generator = random.Random(seed)
    each_once = [*((_of_bomb, name) for name in BOMBS), *((_of_request, name) for name in REQUESTS)]
    for make_one, name in each_once[:count]:
        yield make_one(name)
    for _ in range(count - len(each_once)):
        (make,) = generator.choices(_KINDS, _WEIGHTS)
        yield make(generator)


def _of_bomb(name: str) -> Upload:
    return Upload(f"bomb: {name}", bomb(name))


def _of_request(name: str) -> Upload:
    kind, make = REQUESTS[name]
    return Upload(f"request: {name}", make(), {"Content-Type": kind})


def _photo(generator: random.Random) -> Upload:
    return Upload("mutated photo", mutated(generator))


def _bomb(generator: random.Random) -> Upload:
    return _of_bomb(generator.choice(list(BOMBS)))


def _request(generator: random.Random) -> Upload:
    return _of_request(generator.choice(list(REQUESTS)))


def _truncated_bomb(generator: random.Random) -> Upload:
    name = generator.choice(list(BOMBS))
    whole = bomb(name)
    return Upload("truncated bomb", whole[: generator.randrange(len(whole))])


def _wrong_type(generator: random.Random) -> Upload:
    kind = generator.choice(["image/jpeg", "text/plain", "application/json", "multipart/form-data"])
    return Upload(f"wrong type as {kind}", generator.choice(_WRONG_TYPES), {"Content-Type": kind})


def _form(generator: random.Random) -> Upload:
    number = generator.randrange(1, 40)
    body = form([(file_head(f"{i}\u202e.jpg"), mutated(generator)) for i in range(number)])
    cut = generator.choice([len(body), generator.randrange(len(body))])
    return Upload("form of mutated photos", body[:cut], {"Content-Type": FORM})


def _json(generator: random.Random) -> Upload:
    photo = base64.b64encode(mutated(generator)).decode()
    body = generator.choice(
        [
            json.dumps({"images": [{"b64": photo}]}),
            json.dumps({"images": [{"b64": photo[1:]}]}),
            json.dumps({"images": {"b64": photo}}),
            '{"images": [' + '{"b64": ""},' * 5_000,
        ]
    )
    return Upload("JSON", body.encode(), {"Content-Type": JSON})


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
_KINDS = [_photo, _bomb, _truncated_bomb, _wrong_type, _form, _json, _header, _request]
_WEIGHTS = [900, 8, 12, 20, 20, 20, 20, 8]
