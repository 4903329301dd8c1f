"""JSON as clients write it: its base64, its Content-Type, its encoding; garbage is named."""

import base64
import json

import pytest
from flask.testing import FlaskClient

from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem

PATH = "/v1/models/clothing:classify"
PHOTO = encoded_photo("PNG", size=(41, 30))  # Its length is no multiple of 3.
TEXT = base64.b64encode(PHOTO).decode()
DOCUMENT = json.dumps({"images": [{"b64": TEXT}]})


def test_the_photo_has_what_makes_base64_differ() -> None:
    assert TEXT.endswith("=")
    assert {"+", "/"} <= set(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        base64.encodebytes(PHOTO).decode(),
        base64.encodebytes(PHOTO).decode().replace("\n", " "),  # As a shell joins lines.
        "\r\n\t ".join(TEXT[place : place + 64] for place in range(0, len(TEXT), 64)),
        f"{TEXT}\n",
        f"data:image/png;base64,{TEXT}",
        f" DATA:;charset=utf-8;BASE64,{TEXT.rstrip('=')}",
        base64.urlsafe_b64encode(PHOTO).decode(),
        base64.urlsafe_b64encode(PHOTO).decode().rstrip("="),
        TEXT.rstrip("="),
    ],
)
def test_base64_as_encoders_write_it(
    client: FlaskClient, source: FakeModelServer, text: str
) -> None:
    assert client.post(PATH, json={"images": [{"b64": text}]}).status_code == 200
    assert client.post(PATH, data=PHOTO).status_code == 200
    (_, found), (_, right) = source.predicted
    assert (found == right).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{TEXT[:8]}!{TEXT[9:]}", "'!' is not a letter"),
        (f"{TEXT[:8]}\u20ac", "'€' is not a letter"),
        (f"{TEXT[:8]}\\n{TEXT[8:]}", r"'\\' is not a letter"),
        (f"{TEXT[:8]}=={TEXT[8:]}", "'=' is not a letter"),
        ("abcde", "one more or three less"),
        ("data:image/png,%89PNG", "is a data: URL, but not in base64"),
        ("\ud800", "is not a letter"),
        (str(base64.b64encode(PHOTO)), "as Python prints bytes"),
        (TEXT.replace("+", " "), "spaces stand in place of '+'"),
    ],
)
def test_what_is_not_base64_is_named(client: FlaskClient, text: str, said: str) -> None:
    response = client.post(PATH, json={"images": [{"b64": TEXT}, {"b64": text}]})
    detail = check_problem(response, 400, "malformed-request")["detail"]
    assert detail.startswith("Image 1 of the JSON is")
    assert said in detail


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        "text/json",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
        "text/plain;charset=UTF-8",
        "application/octet-stream",
        None,
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff", "\r\n  "])
def test_json_is_read_under_any_type(client: FlaskClient, kind: str | None, before: str) -> None:
    response = client.post(PATH, data=(before + DOCUMENT).encode(), content_type=kind)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_may_be_in_utf_16_and_32(client: FlaskClient, encoding: str) -> None:
    body = DOCUMENT.encode(encoding)
    response = client.post(PATH, data=body, content_type="application/json")
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_what_is_not_json_is_refused_with_its_type(client: FlaskClient, kind: str) -> None:
    response = client.post(PATH, data='{"images": [', content_type=kind)
    detail = check_problem(response, 400, "malformed-request")["detail"]
    assert f"of Content-Type '{kind}', is not valid JSON" in detail


def test_json_without_a_type_is_refused_as_such(client: FlaskClient) -> None:
    problem = check_problem(client.post(PATH, data='{"images": ['), 400, "malformed-request")
    assert problem["detail"].startswith("The body, without a Content-Type, is not valid JSON")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"instances": [{"b64": TEXT}]}, "has 'instances'"),
        ({"images": {"b64": TEXT}}, "has an object as 'images'"),
        ([{"b64": TEXT}], "is a list"),
        (TEXT, "is text"),
        (7, "is a number"),
        ({}, "is empty"),
    ],
)
def test_json_without_images_says_what_it_has(
    client: FlaskClient, document: object, said: str
) -> None:
    problem = check_problem(client.post(PATH, json=document), 400, "malformed-request")
    assert said in problem["detail"]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (TEXT, "is text; it must be an object"),
        (None, "is null; it must be an object"),
        ({"b64": 7}, "has a number as 'b64'"),
        ({"base64": TEXT}, "has no 'b64', but has 'base64'"),
        ({}, "has no 'b64', but is empty"),
    ],
)
def test_an_image_without_base64_says_what_it_is(
    client: FlaskClient, image: object, said: str
) -> None:
    problem = check_problem(client.post(PATH, json={"images": [image]}), 400, "malformed-request")
    assert f"Image 0 of the JSON {said}" in problem["detail"]


@pytest.mark.parametrize(
    "document",
    [
        {"images": [{"url": "https://shop.example/a.jpg"}]},
        {"images": [{"b64": " HTTPS://shop.example/a.jpg"}]},
        {"images": [{"image_url": {"url": "gs://photos/a.jpg"}}]},
        {"images": ["http://shop.example/a.jpg"]},
        {"images": "http://shop.example/a.jpg"},
        {"url": "https://shop.example/a.jpg"},
        ["https://shop.example/a.jpg"],
        "https://shop.example/a.jpg",
    ],
)
def test_a_photo_by_url_is_refused_by_name(client: FlaskClient, document: object) -> None:
    problem = check_problem(client.post(PATH, json=document), 400, "malformed-request")
    assert "the address of a photo. Photos are not fetched: download it" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (PHOTO, "is not JSON but a PNG photo. Send it as image/png"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\n" + PHOTO, "This is a multipart form"),
        (TEXT.encode(), "This is a photo in base64"),
        (b"https://shop.example/a.jpg", "This is the address of a photo"),
        ('{"images": "é"}'.encode("latin-1"), "its text is not UTF-8, from byte 12"),
        (b"[" * 1500, "it is nested too deeply"),
        (b'{"images": ' + b"9" * 5000, "a number has too many digits"),
    ],
)
def test_what_is_sent_as_json_is_named(client: FlaskClient, body: bytes, said: str) -> None:
    response = client.post(PATH, data=body, content_type="application/json")
    assert said in check_problem(response, 400, "malformed-request")["detail"]
