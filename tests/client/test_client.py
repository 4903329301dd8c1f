import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from client import BadPhoto, ClassProbability, Photo, Photolabel, Prediction, VersionLabel
from tests.client.conftest import FakeGateway

CAT = (ClassProbability("cat", 0.75), ClassProbability("dog", 0.25))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "photo.jpg"
    path.parent.mkdir()
    path.write_bytes(b"the photo's bytes")
    return path


def parts(body: bytes) -> list[bytes]:
    """Return the contents of the parts of a form."""
    boundary = body.split(b"\r\n", 1)[0]
    return [part.split(b"\r\n\r\n", 1)[1][:-2] for part in body.split(boundary)[1:-1]]


def test_a_photo_is_posted_and_its_prediction_returned(gateway: FakeGateway, photo: Path) -> None:
    with Photolabel(gateway.url) as photolabel:
        prediction = photolabel.classify(photo, model="cats-dogs")
    assert prediction == Prediction(str(photo), "cats-dogs", 3, "cat", 0.75, CAT)
    request = gateway.received[0]
    assert (request.method, request.path) == ("POST", "/v1/models/cats-dogs:classify")
    assert parts(request.body) == [b"the photo's bytes"]
    assert b"photo.jpg" not in request.body  # Names of files stay here.


def test_all_forms_of_encoded_photos(gateway: FakeGateway, photo: Path) -> None:
    with Photolabel(gateway.url) as photolabel, photo.open("rb") as file:
        photos: list[Photo] = [
            *(str(photo), photo, file, io.BytesIO(b"in memory")),
            *(b"raw", bytearray(b"array"), memoryview(b"a view")[2:]),
        ]
        found = photolabel.classify(photos, model="cats-dogs")
    name, encoded = str(photo), b"the photo's bytes"
    assert [each.image for each in found[:4]] == [name, name, name, "photo-4"]
    sent = parts(gateway.received[0].body)
    assert sent == [encoded, encoded, encoded, b"in memory", b"raw", b"array", b"view"]


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3)])
def test_an_array_is_sent_with_its_very_pixels(
    gateway: FakeGateway, shape: tuple[int, ...]
) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    with Photolabel(gateway.url) as photolabel:
        assert isinstance(photolabel.classify(pixels, model="m"), Prediction)
    [content] = parts(gateway.received[0].body)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), pixels.squeeze())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_a_pillow_image_is_sent(gateway: FakeGateway, mode: str) -> None:
    image = Image.new("RGB", (5, 4), "red").convert(mode)
    with Photolabel(gateway.url) as photolabel:
        photolabel.classify(image, model="m")
    [content] = parts(gateway.received[0].body)
    assert Image.open(io.BytesIO(content)).size == (5, 4)


def test_a_turned_pillow_image_stays_turned(gateway: FakeGateway) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (5, 4), "red").save(file, "JPEG", exif=turned)
    with Photolabel(gateway.url) as photolabel:
        photolabel.classify(Image.open(file), model="m")
    [content] = parts(gateway.received[0].body)
    assert Image.open(io.BytesIO(content)).getexif()[0x0112] == 6


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (np.zeros((4, 4, 3)), r"float64 \[4, 4, 3\]"),
        (np.zeros((2, 4, 4, 3), np.uint8), r"uint8 \[2, 4, 4, 3\]"),
        (7, "int is not a photo"),
        (None, "NoneType is not a photo"),
        (io.StringIO("text"), "opened as text"),
    ],
)
def test_what_is_no_photo_is_refused(photo: Any, message: str) -> None:
    with Photolabel() as photolabel, pytest.raises((TypeError, ValueError), match=message):
        photolabel.classify(photo, model="m")


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"version": 7}, "/v1/models/m/versions/7:classify"),
        ({"label": "canary"}, "/v1/models/m/labels/canary:classify"),
        ({"label": "a/b"}, "/v1/models/m/labels/a%2Fb:classify"),
        ({"top": 2}, "/v1/models/m:classify?top=2"),
    ],
)
def test_version_label_and_top_are_in_the_address(
    gateway: FakeGateway, asked: dict[str, Any], path: str
) -> None:
    with Photolabel(gateway.url) as photolabel:
        photolabel.classify(b"photo", model="m", **asked)
    assert gateway.received[0].path == path


def test_an_address_may_have_a_path(gateway: FakeGateway) -> None:
    with Photolabel(f"{gateway.url}/labels/") as photolabel:
        photolabel.classify(b"photo", model="m")
    assert gateway.received[0].path == "/labels/v1/models/m:classify"


def test_key_client_and_further_headers_are_sent(
    gateway: FakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    headers = {"X-Tenant": "7"}
    with Photolabel(
        gateway.url, api_key="secret", client_id="device-1", headers=headers
    ) as photolabel:
        photolabel.classify(b"photo", model="m")
    sent = gateway.received[0].headers
    assert sent["Authorization"] == "Bearer secret"
    assert (sent["X-Client-ID"], sent["X-Tenant"]) == ("device-1", "7")


def test_more_photos_than_a_request_takes_go_in_several(gateway: FakeGateway) -> None:
    photos = [str(number).encode() for number in range(20)]
    with Photolabel(gateway.url) as photolabel:
        found = photolabel.classify(photos, model="m")
    assert [each.image for each in found] == [f"photo-{number}" for number in range(1, 21)]
    bodies = [parts(request.body) for request in gateway.received]
    assert [len(body) for body in bodies] == [8, 8, 4]
    assert [content for body in bodies for content in body] == photos


TOO_LARGE = {"type": "urn:photolabel:error:body-too-large", "title": "Too large", "status": 413}


def test_a_request_that_is_too_large_is_divided(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = gateway.take

    def small_ones_only(request: Any) -> Any:
        status, headers, body = take(request)
        if len(parts(request.body)) > 2 or b"huge" in request.body:
            gateway.reply(413, TOO_LARGE)
            return gateway.replies.pop()
        return status, headers, body

    monkeypatch.setattr(gateway, "take", small_ones_only)
    photos = [b"0", b"huge", b"2", b"3", b"4"]
    with Photolabel(gateway.url) as photolabel:
        found = list(photolabel.classify_each(photos, model="m"))
        assert len(photolabel.classify([b"0"] * 7, model="m")) == 7
    assert [isinstance(each, BadPhoto) for each in found] == [False, True, False, False, False]


def test_bad_photos_do_not_end_the_others(gateway: FakeGateway, photo: Path) -> None:
    bad = {"image": "1", "type": "urn:x", "title": "Damaged", "status": 422, "detail": "truncated"}
    gateway.reply(422, {"title": "Bad photos", "status": 422, "errors": [bad]})
    gateway.reply(200, {"model": "m", "version": 1, "predictions": [prediction("0")] * 2})
    photos = [str(photo), b"bad", "missing.jpg", b"good"]
    with Photolabel(gateway.url) as photolabel:
        first, second, third, fourth = photolabel.classify_each(photos, model="m")
    assert second == BadPhoto("photo-2", "urn:x", "Damaged", 422, "truncated")
    assert third == BadPhoto(
        *("missing.jpg", "urn:photolabel:client:unreadable-file", "The file can't be read"),
        *(0, "No such file or directory"),
    )
    assert [first.image, fourth.image] == [str(photo), "photo-4"]
    assert [len(parts(request.body)) for request in gateway.received] == [3, 2]


def prediction(image: str) -> dict[str, Any]:
    return {"image": image, "label": "cat", "probability": 1.0, "probabilities": []}


def test_one_photo_is_taken_where_several_are_expected(gateway: FakeGateway, photo: Path) -> None:
    with Photolabel(gateway.url) as photolabel:
        [result] = photolabel.classify_each(str(photo), model="m")
        assert photolabel.classify_batch(photo, model="m") == [result]
    assert result.image == str(photo)


def test_a_file_too_large_for_memory_is_not_read(gateway: FakeGateway, tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(2**40)
    with Photolabel(gateway.url) as photolabel, pytest.raises(OSError, match="bytes"):
        photolabel.classify(huge, model="m")


def test_photos_are_read_as_they_are_needed(gateway: FakeGateway) -> None:
    read = 0

    def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield b"photo"

    with Photolabel(gateway.url) as photolabel:
        results = photolabel.classify_each(endless(), model="m")
        assert [next(results).image for _ in range(10)]
    assert read <= 17


def test_models_and_one_model(gateway: FakeGateway) -> None:
    ready = {
        "name": "cats-dogs",
        "state": "ready",
        "version": 3,
        "versions": [{"version": 3, "state": "AVAILABLE"}],
        "input": {"height": 150, "width": 150, "channels": 3},
        "version_labels": [{"label": "canary", "version": 4, "share": 0.1}],
        "preparation": "squash/1",
        "labels": ["cat", "dog"],
    }
    missing = {"name": "clothing", "state": "unavailable", "detail": "no version"}
    gateway.reply(200, {"models": [ready, missing]})
    gateway.reply(200, {**ready, "card": {"recipe": "cats-dogs-cnn"}})
    with Photolabel(gateway.url) as photolabel:
        first, second = photolabel.models()
        one = photolabel.model("cats-dogs")
    assert (first.input_shape, first.labels) == ((150, 150, 3), ("cat", "dog"))
    assert (first.versions[0].version, first.versions[0].state) == (3, "AVAILABLE")
    assert first.version_labels == one.version_labels == (VersionLabel("canary", 4, 0.1),)
    assert second.version_labels == ()
    assert (second.state, second.detail, second.input_shape) == ("unavailable", "no version", None)
    assert one.card == {"recipe": "cats-dogs-cnn"}
    assert [request.path for request in gateway.received] == ["/v1/models", "/v1/models/cats-dogs"]
