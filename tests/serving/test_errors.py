"""Every row of the error table: status, type, headers, problem+json, and no traceback anywhere."""

import base64
import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from serving import errors
from serving.api_keys import new_key
from serving.photos import DEFAULT_FORMATS
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, fake_server, gateway

PATH = "/v1/models/clothing:classify"


@pytest.fixture
def source() -> FakeModelServer:
    return fake_server()


@pytest.fixture
def client(source: FakeModelServer) -> FlaskClient:
    return gateway(source)


@pytest.fixture(autouse=True)
def no_traceback_in_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Any:
    yield
    if "unforeseen" not in request.node.name:
        assert not [record for record in caplog.records if record.exc_info]


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


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (errors.ModelServerUnavailable("gone"), 503, "model-server-unavailable"),
        (errors.ModelNotReady("not loaded"), 503, "model-not-ready"),
        (errors.BudgetSpent("over"), 504, "time-budget-spent"),
        (errors.TooManyRequests("busy"), 429, "too-many-requests"),
    ],
)
def test_429_503_504_say_when_to_try_again(
    client: FlaskClient,
    source: FakeModelServer,
    failure: errors.PhotolabelError,
    status: int,
    slug: str,
) -> None:
    source.failure = failure
    response = client.post(PATH, data=encoded_photo())
    check_problem(response, status, slug)
    assert int(response.headers["Retry-After"]) >= 1


def test_503_for_a_model_that_is_not_loaded(source: FakeModelServer) -> None:
    source.models["clothing"] = []
    client = gateway(source)
    check_problem(client.post(PATH, data=encoded_photo()), 503, "model-not-ready")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert {each["name"]: each["state"] for each in response.get_json()["models"]} == {
        "clothing": "unavailable",
        "cats-dogs": "ready",
    }


def test_504_when_the_budget_is_spent_before_the_model_is_asked(source: FakeModelServer) -> None:
    client = gateway(source, time_budget=1e-9)
    check_problem(client.post(PATH, data=encoded_photo()), 504, "time-budget-spent")


def _bug(*_: Any) -> Any:
    raise RuntimeError("secret detail")


@pytest.mark.parametrize("fault", [_bug, None])
def test_500_for_the_unforeseen_is_generic_and_the_log_tells(
    client: FlaskClient,
    source: FakeModelServer,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[..., Any] | None,
) -> None:
    if fault:
        source.predict = fault  # type: ignore[method-assign]
    else:
        source.failure = errors.InternalError("secret detail")
    with caplog.at_level(logging.ERROR):
        response = client.post(PATH, data=encoded_photo(), headers={"X-Request-ID": "abc-1"})
    problem = check_problem(response, 500, "internal-error")
    assert "secret" not in response.text
    assert problem["request_id"] == "abc-1"
    assert {vars(record)["request_id"] for record in caplog.records} == {"abc-1"}
    assert "secret detail" in caplog.text
