"""A gateway on a socket for generated clients, with the model server and the limits of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.docs.commands import blocks
from tests.serving.fakes import FakeModelServer, fake_server, served

DOCUMENTED_URL = "http://127.0.0.1:8080"

# What both examples in Python print, for photo.jpg and other.jpg.
PRINTED = [
    "photo.jpg: shirt, 50%",
    "other.jpg: shirt, 50%",
    "404: There is no model 'gloves'; served are clothing, cats-dogs.",
]

# Small limits, so that small requests exceed them.
LIMITS: dict[str, Any] = {"max_photos": 3, "max_body_bytes": 100_000}


def model_server() -> FakeModelServer:
    """Return a model server with both models."""
    return FakeModelServer(fake_server().models, {"stable": 1}, recognized=True)


@contextmanager
def small_gateway(source: FakeModelServer, **more: Any) -> Iterator[str]:
    """Serve a gateway with `LIMITS` and more settings; yield its URL."""
    with served(source, **LIMITS, **more) as url:
        yield url


def example(form: str, part: str, url: str) -> str:
    """Return the block of docs/apps.md that contains a text, with the URL of a gateway."""
    here = [block for block in blocks() if block.location.startswith("docs/apps.md")]
    [text] = [block.text for block in here if block.form == form and part in block.text]
    return text.replace(DOCUMENTED_URL, url)
