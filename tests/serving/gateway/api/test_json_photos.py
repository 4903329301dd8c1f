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


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"instances": [{"b64": TEXT}]}, "has 'instances'"),
        ({"images": {"b64": TEXT}}, "its 'images' is no list"),
        ([{"b64": TEXT}], "is a list"),
        (TEXT, "is text"),
        (7, "is a single value"),
        ({}, "is empty"),
    ],
)
def test_json_without_images_says_what_it_has(
    client: FlaskClient, document: object, said: str
) -> None:
    problem = check_problem(client.post(PATH, json=document), 400, "malformed-request")
    assert said in problem["detail"]
