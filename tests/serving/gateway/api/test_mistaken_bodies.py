"""What is sent in place of a photo's bytes is named, and so is a body that is compressed."""

import base64
import gzip
import io
import json
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from serving.photos.formats_and_limits import DEFAULT_FORMATS
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem

PATH = "/v1/models/clothing:classify"
PHOTO = encoded_photo(size=(400, 300))
TEXT = base64.b64encode(PHOTO)
URL_ENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"data:image/jpeg;base64," + TEXT, "This is a data: URL"),
        (TEXT, "This is a photo in base64"),
        (base64.urlsafe_b64encode(encoded_photo("WEBP")), "This is a photo in base64"),
        (base64.encodebytes(encoded_photo("PNG")), "This is a photo in base64"),
        (b"https://shop.example/shirt.jpg", "This is the address of a photo"),
        (b"blob:https://shop.example/1-2", "This is the address of a photo"),
        (b"@photo one.JPG\n", "This is the name of a file"),
        (b"[object Blob]", "This is '[object …]', the text that JavaScript makes"),
        (PHOTO.decode("utf-8", "replace").encode(), "This is a file that was read as text"),
        (PHOTO.decode("latin-1").encode(), "This is a file that was read as text"),
        (str(PHOTO).encode(), "These are bytes as Python prints them"),
        (b'"' + TEXT + b'"', "This is a photo in base64"),
        (b'--b\r\nContent-Disposition: form-data; name="p"\r\n\r\n', "This is a multipart form"),
    ],
)
@pytest.mark.parametrize("kind", ["image/jpeg", "text/plain", None])
def test_text_in_place_of_a_photo_is_named(
    client: FlaskClient, body: bytes, said: str, kind: str | None
) -> None:
    problem = check_problem(client.post(PATH, data=body, content_type=kind), 415, "not-an-image")
    assert problem["detail"].startswith(said)
    assert [each["image"] for each in problem["errors"]] == ["0"]


def test_it_is_named_in_a_form_and_in_json_too(client: FlaskClient) -> None:
    part = {"photo": (io.BytesIO(TEXT), "a.jpg")}
    problem = check_problem(client.post(PATH, data=part), 415, "not-an-image")
    assert "in base64" in problem["detail"]
    twice = {"images": [{"b64": base64.b64encode(TEXT).decode()}]}
    problem = check_problem(client.post(PATH, json=twice), 415, "not-an-image")
    assert "in base64" in problem["detail"]


def test_each_of_several_is_named(client: FlaskClient) -> None:
    texts = [PHOTO, b"https://shop.example/a.jpg", PHOTO[:-100]]
    images = [{"b64": base64.b64encode(text).decode()} for text in texts]
    problem = check_problem(client.post(PATH, json={"images": images}), 422, "bad-photos")
    assert [each["image"] for each in problem["errors"]] == ["1", "2"]
    assert problem["errors"][0]["detail"].startswith("This is the address of a photo")


@pytest.mark.parametrize("body", [b"hello", b"aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=", b"a: b.jpg\nc"])
def test_other_text_is_not_an_image(client: FlaskClient, body: bytes) -> None:
    problem = check_problem(client.post(PATH, data=body), 415, "not-an-image")
    assert all(name in problem["detail"] for name in DEFAULT_FORMATS)


def test_a_url_encoded_form_is_named(client: FlaskClient) -> None:
    body = urlencode({"image": "data:image/jpeg;base64," + TEXT.decode()})
    response = client.post(PATH, data=body, content_type=URL_ENCODED)
    problem = check_problem(response, 400, "malformed-request")
    assert "URL-encoded form with the field 'image'. Send" in problem["detail"]
    body = urlencode({"image": "https://shop.example/a.jpg"})
    response = client.post(PATH, data=body, content_type=URL_ENCODED)
    problem = check_problem(response, 400, "malformed-request")
    assert "field 'image', the address of a photo, which is not fetched" in problem["detail"]


def test_a_photo_that_curl_has_damaged_is_named(client: FlaskClient) -> None:
    body = PHOTO.translate(None, b"\r\n\0")
    response = client.post(PATH, data=body, content_type=URL_ENCODED)
    problem = check_problem(response, 400, "malformed-request")
    assert "--data-binary" in problem["detail"]
    intact = client.post(PATH, data=PHOTO, content_type=URL_ENCODED)
    assert intact.status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "UTF-8", "aws-chunked"])
def test_a_content_coding_is_refused_by_name(
    client: FlaskClient, source: FakeModelServer, coding: str
) -> None:
    body, headers = gzip.compress(PHOTO), {"Content-Encoding": coding}
    response = client.post(PATH, data=body, content_type="image/jpeg", headers=headers)
    problem = check_problem(response, 415, "unsupported-encoding")
    assert f"Content-Encoding {coding!r}" in problem["detail"]
    assert response.headers["Accept-Encoding"] == "identity"
    assert not source.predicted


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_no_coding_is_identity(client: FlaskClient, coding: str) -> None:
    headers = {"Content-Encoding": coding}
    assert client.post(PATH, data=PHOTO, headers=headers).status_code == 200
    body = json.dumps({"images": [{"b64": TEXT.decode()}]})
    assert client.post(PATH, data=body, headers=headers).status_code == 200
