"""Shrinking: what a client sends of a large photo, and what the server makes of it."""

import functools
import io
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from client import Photolabel, Refused
from client.reduction import PREPARATIONS
from serving.photos import PREPARATIONS as PREPARATIONS_OF_SERVER
from serving.photos import prepare
from tests.client.conftest import FakeGateway, Received, answer_to
from tests.drawing import encode, photo

PNG = b"\x89PNG"
Answers = Callable[..., FakeGateway]


def large(form: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Return a photo with noise, so that its file is large."""
    quality = {} if form == "PNG" else {"quality": 95}
    return encode(noisy().convert(mode), form, **quality, **options)


@functools.cache
def noisy() -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 90, (1200, 1800, 3), np.uint8)
    return Image.fromarray(np.asarray(photo((1800, 1200))) // 2 + noise)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


@pytest.fixture
def answers(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Return a function that says which models the gateway has: one for each version."""

    def serve(*versions: tuple[str, tuple[int, int, int]]) -> FakeGateway:
        states = [{"version": n + 1, "state": "AVAILABLE"} for n in range(len(versions))]

        def take(request: Received) -> tuple[int, dict[str, str], bytes]:
            gateway.received.append(request)
            document: dict[str, Any] = answer_to(request.file_names())
            if request.method == "GET":
                number = int(request.path.partition("/versions/")[2] or 1)
                preparation, shape = versions[number - 1]
                document = {"name": "m", "state": "ready", "version": number, "versions": states}
                document["preparation"] = preparation
                document["input"] = dict(zip(("height", "width", "channels"), shape, strict=True))
            return 200, {}, json.dumps(document).encode()

        monkeypatch.setattr(gateway, "take", take)
        return gateway

    return serve


def sent(gateway: FakeGateway) -> bytes:
    """Return the photo of the last request."""
    body = gateway.received[-1].body
    return body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]


def methods(gateway: FakeGateway) -> list[str]:
    return [request.method for request in gateway.received]


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
OTHER_PROFILE = PROFILE.replace(b"rXYZ", b"TEMP").replace(b"gXYZ", b"rXYZ")
OTHER_PROFILE = OTHER_PROFILE.replace(b"TEMP", b"gXYZ")
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "turned": {"exif": exif(6)},
    "with a profile": {"icc_profile": OTHER_PROFILE, "exif": exif(3)},
    "gray": {"mode": "L"},
    "progressive": {"progressive": True, "subsampling": 0},
    "with a second picture": {"form": "MPO", "save_all": True, "append_images": [photo()]},
}


@functools.cache
def taken(kind: str = "plain") -> bytes:
    return large(**KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("preparation", "shape"),
    [
        ("squash/1", (150, 150, 3)),
        ("squash/1", (64, 96, 1)),
        ("garment/1", (28, 28, 1)),
        ("garment/2", (100, 100, 1)),
        ("garment/2", (75, 75, 1)),
    ],
)
def test_the_model_gets_the_same_pixels(
    answers: Answers, preparation: str, shape: tuple[int, int, int], kind: str
) -> None:
    gateway = answers((preparation, shape))
    with Photolabel(gateway.url) as client:
        client.classify(taken(kind), model="m")
    small = sent(gateway)
    assert small.startswith(PNG)
    assert len(small) < len(taken(kind))
    expected = prepare(taken(kind), preparation, shape)
    np.testing.assert_array_equal(prepare(small, preparation, shape), expected)


def test_the_client_reduces_as_each_preparation_of_the_server() -> None:
    assert {
        name: (each.margin, each.longest_edge_only, each.needs_colour)
        for name, each in PREPARATIONS_OF_SERVER.items()
    } == PREPARATIONS


def test_only_the_orientation_of_the_exif_data_is_sent(answers: Answers) -> None:
    tags = exif(8)
    tags[0x010F] = "maker"
    gateway = answers(("squash/1", (150, 150, 3)))
    with Photolabel(gateway.url) as client:
        client.classify([large(exif=tags)], model="m")
    assert dict(Image.open(io.BytesIO(sent(gateway))).getexif()) == {0x0112: 8}


@pytest.mark.parametrize(
    "content_of",
    [
        lambda: large("PNG", compress_level=1),
        lambda: taken()[:600_000],
        lambda: large(mode="CMYK"),
        lambda: b"\xff\xd8\xff" + bytes(600_000),
        lambda: encode(photo((1600, 1200)), "JPEG"),
    ],
    ids=["PNG", "truncated", "CMYK", "damaged", "small file"],
)
def test_other_photos_are_sent_as_they_are(
    answers: Answers, content_of: Callable[[], bytes]
) -> None:
    content = content_of()
    gateway = answers(("squash/1", (150, 150, 3)))
    with Photolabel(gateway.url, shrink=True) as client:
        client.classify(content, model="m")
    assert sent(gateway) == content


@pytest.mark.parametrize(
    ("versions", "unless_asked"),
    [
        ([("squash/1", (640, 640, 3))], False),
        ([("squash/2", (150, 150, 3))], True),
        ([("squash/1", (150, 150, 3)), ("squash/1", (120, 120, 3))], True),
    ],
    ids=["large input", "unknown preparation", "versions that differ"],
)
def test_a_photo_is_not_shrunk_where_the_pixels_may_change(
    answers: Answers, versions: list[Any], unless_asked: bool
) -> None:
    gateway = answers(*versions)
    for shrink, shrunk in [(None, False), (False, False), (True, unless_asked)]:
        with Photolabel(gateway.url, shrink=shrink) as client:
            client.classify(taken(), model="m")
        assert sent(gateway).startswith(PNG) == shrunk


def test_a_chosen_version_decides_alone(answers: Answers) -> None:
    gateway = answers(("squash/2", (640, 640, 3)), ("squash/1", (150, 150, 3)))
    with Photolabel(gateway.url) as client:
        list(client.classify_each([taken()], model="m", version=2))
    assert [request.path for request in gateway.received] == [
        "/v1/models/m/versions/2",
        "/v1/models/m/versions/2:classify",
    ]
    assert sent(gateway).startswith(PNG)


def test_the_server_is_asked_once_for_all_threads(answers: Answers) -> None:
    gateway = answers(("squash/1", (150, 150, 3)))
    with Photolabel(gateway.url) as client, ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(client.classify, taken(), model="m") for _ in range(8)]
        assert {job.result().label for job in jobs} == {"cat"}
    assert methods(gateway).count("GET") == 1
    assert all(PNG in each.body for each in gateway.received if each.method == "POST")


def test_the_server_is_asked_again_later(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.shrinking._SECONDS_KEPT", 0.0)
    gateway = answers(("squash/1", (150, 150, 3)))
    with Photolabel(gateway.url) as client:
        client.classify([taken()] * 2, model="m")
        client.classify(encode(photo()), model="m")  # Too small to need an answer.
    assert methods(gateway) == ["GET", "GET", "POST", "POST"]


def test_an_error_about_the_model_is_that_of_the_photo(gateway: FakeGateway) -> None:
    gateway.reply(404, {"type": "about:blank", "title": "Not found", "status": 404})
    with Photolabel(gateway.url) as client, pytest.raises(Refused, match="Not found"):
        client.classify(taken(), model="m")
    assert methods(gateway) == ["GET", "POST"]


def test_a_busy_server_is_not_sent_the_photo(gateway: FakeGateway) -> None:
    gateway.reply(503, {"type": "about:blank", "title": "Busy", "status": 503})
    with Photolabel(gateway.url, retries=0) as client, pytest.raises(Refused, match="Busy"):
        client.classify(taken(), model="m")
    assert methods(gateway) == ["GET"]


def test_without_pillow_photos_are_sent_as_they_are(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = answers(("squash/1", (150, 150, 3)))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with Photolabel(gateway.url) as client:
        client.classify(taken(), model="m")
    assert methods(gateway) == ["POST"]
    assert sent(gateway) == taken()
    with pytest.raises(ImportError, match=r"pip install 'photolabel\[images\]'"):
        Photolabel(gateway.url, shrink=True)
