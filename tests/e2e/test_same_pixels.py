"""Training and the gateway prepare the same pixels from the same file."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from serving.photos import PREPARATIONS, Shape
from tests.drawing import encode, photo
from tests.e2e.processes import gateway, wait_until_ready
from tests.serving.photos.golden import rgb, see_through
from tests.serving.photos.profiles import SPACES, profile
from tests.serving.scripted import Script, serve
from training.data.prepared_photos import Source, photo_store

pytestmark = pytest.mark.e2e

SHAPES: tuple[Shape, ...] = ((28, 28, 1), (40, 30, 3))
MODEL = "drawn"


def files() -> list[bytes]:
    """Draw photos of every kind that the gateway accepts, one decoded at a reduced size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = rgb("colour")
    p3 = profile(SPACES["Display P3"])
    return [
        encode(picture),
        encode(picture, "JPEG", quality=40),
        encode(photo((2000, 1500)), "JPEG", exif=exif, icc_profile=p3),
        encode(photo((900, 1200)), "JPEG", progressive=True),
        encode(picture.convert("L"), "JPEG"),
        encode(picture.convert("CMYK"), "JPEG"),
        encode(see_through("RGBA"), exif=exif),
        encode(picture, "WEBP", quality=60, icc_profile=p3),
        encode(photo((30, 40))),
        encode(photo((28, 28), "L")),
    ]


@contextmanager
def recording(preparation: str, shape: Shape, log: Path) -> Iterator[tuple[str, Script]]:
    """Run a gateway with a model server that records its requests; yield its URL and script."""
    script = Script()
    script.preparation = preparation.encode()
    script.input_shape = [-1, *shape]
    server, port = serve(script)
    try:
        with gateway(f"127.0.0.1:{port}", log, models=MODEL, workers="1") as (_, url):
            wait_until_ready(url)
            yield url, script
    finally:
        server.stop(None)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("preparation", PREPARATIONS)
def test_the_gateway_sends_the_pixels_that_training_prepares(
    preparation: str, shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "cache"))
    sources = {
        hashlib.sha256(encoded).hexdigest(): Source(f"{index}", partial(bytes, encoded), "")
        for index, encoded in enumerate(files())
    }
    store = photo_store(sources, preparation, shape, lambda *_: None)
    assert not store.damaged
    with recording(preparation, shape, tmp_path / "gateway.log") as (url, script):
        for content, source in sources.items():
            response = httpx.post(f"{url}/v1/models/{MODEL}:classify", content=source.read())
            assert response.status_code == 200, response.text
            sent = script.photos[-1].inputs["image"]
            pixels = np.frombuffer(sent.tensor_content, np.uint8).reshape(shape)
            np.testing.assert_array_equal(pixels, store.pixels[store.rows[content]])
