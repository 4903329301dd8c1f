"""The errors that a client can fix: status, type, headers, and no traceback anywhere."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from serving import http_errors as errors
from serving.gateway.api.api_keys import new_key
from serving.photos.formats_and_limits import DEFAULT_FORMATS
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, gateway

PATH = "/v1/models/clothing:classify"


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ({"data": encoded_photo(), "query_string": "top=0"}, "malformed-request"),
        ({"data": encoded_photo(), "query_string": "top=all"}, "malformed-request"),
        ({"data": encoded_photo(), "query_string": "top="}, "malformed-request"),
        ({"data": encoded_photo(), "query_string": "top=²"}, "malformed-request"),
        ({"data": "{", "content_type": "application/json"}, "malformed-request"),
        ({"data": "[" * 100_000, "content_type": "application/json"}, "malformed-request"),
        ({"json": {"photos": []}}, "malformed-request"),
        ({"json": ["b64"]}, "malformed-request"),
        ({"json": {"images": [{"b64": "no base64!"}]}}, "malformed-request"),
        ({"json": {"images": [{"b64": 7}]}}, "malformed-request"),
        ({"json": {"images": ["text"]}}, "malformed-request"),
        ({"data": b"--x", "content_type": "multipart/form-data"}, "malformed-request"),
        ({"data": b"x", "content_type": "multipart/form-data; boundary=b"}, "malformed-request"),
        ({"data": b""}, "no-photo"),
        ({"json": {"images": []}}, "no-photo"),
        ({"data": {"field": "text"}, "content_type": "multipart/form-data"}, "no-photo"),
    ],
)
def test_400(client: FlaskClient, options: dict[str, Any], slug: str) -> None:
    check_problem(client.post(PATH, **options), 400, slug)


def test_401(source: FakeModelServer, tmp_path: Path) -> None:
    key, line = new_key()
    (tmp_path / "keys").write_text(line)
    client = gateway(source, api_keys_file=tmp_path / "keys")
    for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {key}"}):
        response = client.post(PATH, data=encoded_photo(), headers=sent)
        check_problem(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    check_problem(client.get("/v1/nothing"), 401, "unauthorized")
    right = {"Authorization": f"Bearer {key}"}
    assert client.post(PATH, data=encoded_photo(), headers=right).status_code == 200
    assert client.get("/livez").status_code == client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("/nothing", "unknown-path"),
        ("/v1/models/clothing:predict", "unknown-path"),
        ("/v1/models/clothing/versions/1/labels/a", "unknown-path"),
        ("/v1/models/shoes", "unknown-model"),
        ("/v1/models/clothing/versions/99", "unknown-version"),
        ("/v1/models/clothing/versions/newest", "unknown-version"),
        ("/v1/models/clothing/versions/99999999999999999999", "unknown-version"),
        ("/v1/models/clothing/labels/canary", "unknown-version"),
        ("/web/../settings.py", "unknown-path"),
        ("/web/nothing.js", "unknown-path"),
        ("/v1//models", "unknown-path"),
    ],
)
def test_404(client: FlaskClient, path: str, slug: str) -> None:
    check_problem(client.get(path), 404, slug)
    if path.startswith("/v1") and ":" not in path:
        check_problem(client.post(f"{path}:classify", data=encoded_photo()), 404, slug)


def test_404_for_a_name_that_is_not_served_makes_no_call(
    client: FlaskClient, source: FakeModelServer
) -> None:
    source.failure = errors.ModelServerUnavailable("must not be asked")
    check_problem(client.post("/v1/models/shoes:classify", data=b"x"), 404, "unknown-model")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PATH, "POST"),
        ("POST", "/v1/models", "GET"),
        ("DELETE", "/v1/models/clothing", "GET"),
    ],
)
def test_405(client: FlaskClient, method: str, path: str, allowed: str) -> None:
    response = client.open(path, method=method)
    check_problem(response, 405, "method-not-allowed")
    assert allowed in response.headers["Allow"].split(", ")


# 408 needs a socket: tests/e2e/test_uploads.py.


def test_413_bytes(source: FakeModelServer) -> None:
    client = gateway(source, max_body_bytes=1000)
    problem = check_problem(client.post(PATH, data=b"x" * 1001), 413, "body-too-large")
    assert "1,001" in problem["detail"]
    assert "1,000" in problem["detail"]
    chunked = {
        "input_stream": io.BytesIO(b"x" * 5000),
        "environ_base": {"wsgi.input_terminated": 1},
    }
    check_problem(client.post(PATH, **chunked), 413, "body-too-large")


def test_413_pixels(source: FakeModelServer) -> None:
    client = gateway(source, max_pixels=100)
    problem = check_problem(client.post(PATH, data=encoded_photo()), 413, "too-many-pixels")
    assert "80×60" in problem["detail"]


def test_413_photos(source: FakeModelServer) -> None:
    client = gateway(source, max_photos=2)
    photo = base64.b64encode(encoded_photo()).decode()
    three = {"json": {"images": [{"b64": photo}] * 3}}
    check_problem(client.post(PATH, **three), 413, "too-many-photos")
    parts = [(io.BytesIO(encoded_photo()), f"{place}.jpg") for place in range(30)]
    check_problem(client.post(PATH, data={"photo": parts}), 413, "too-many-photos")


@pytest.mark.parametrize("host", ["a b", "<script>", ""])
def test_415_with_an_invalid_host(client: FlaskClient, host: str) -> None:
    response = client.post(PATH, data=b"hello", headers={"Host": host})
    problem = check_problem(response, 415, "not-an-image")
    assert problem["example"].endswith(f"http://HOST{PATH}")


def test_415(client: FlaskClient) -> None:
    problem = check_problem(client.post(PATH, data=b"hello"), 415, "not-an-image")
    assert problem["example"] == f"curl --data-binary @photo.jpg http://localhost{PATH}"
    heic = b"\0\0\0\x18ftypheic\0\0\0\0"
    problem = check_problem(client.post(PATH, data=heic), 415, "unsupported-format")
    assert "HEIC" in problem["detail"]
    gif = check_problem(client.post(PATH, data=encoded_photo("GIF")), 415, "unsupported-format")
    assert all(name in gif["detail"] for name in DEFAULT_FORMATS)


def test_422(client: FlaskClient) -> None:
    check_problem(client.post(PATH, data=encoded_photo()[:-300]), 422, "damaged-photo")


def test_every_bad_photo_is_named_and_none_is_classified(
    client: FlaskClient, source: FakeModelServer
) -> None:
    parts = [
        (io.BytesIO(encoded_photo()), "good.jpg"),
        (io.BytesIO(b"text"), "notes.txt"),
        (io.BytesIO(encoded_photo()[:-300]), "half.jpg"),
    ]
    problem = check_problem(client.post(PATH, data={"photo": parts}), 422, "bad-photos")
    assert [(each["image"], each["status"]) for each in problem["errors"]] == [
        ("notes.txt", 415),
        ("half.jpg", 422),
    ]
    assert "2 of 3" in problem["detail"]
    assert not source.predicted
