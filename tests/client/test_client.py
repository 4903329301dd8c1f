import io
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from client import ClassProbability, Client, Photo, Prediction, Refused
from tests.client.conftest import FakeGateway

CAT = (ClassProbability("cat", 0.75), ClassProbability("dog", 0.25))
BUSY = {"type": "urn:photolabel:error:too-many-requests", "title": "Too many", "status": 429}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "photo.jpg"
    path.parent.mkdir()
    path.write_bytes(b"the photo's bytes")
    return path


def test_a_photo_is_posted_and_its_prediction_returned(gateway: FakeGateway, photo: Path) -> None:
    with Client(gateway.url) as client:
        answer = client.classify("cats-dogs", photo)
    assert (answer.model, answer.version) == ("cats-dogs", 3)
    assert answer.predictions == (Prediction("photo.jpg", "cat", 0.75, CAT),)
    request = gateway.received[0]
    assert (request.method, request.path) == ("POST", "/v1/models/cats-dogs:classify")
    assert b"the photo's bytes" in request.body
    assert b"folder" not in request.body  # Folder names stay private.


def test_paths_bytes_and_open_files_go_in_one_request(gateway: FakeGateway, photo: Path) -> None:
    with Client(gateway.url) as client, photo.open("rb") as file:
        photos: list[Photo] = [str(photo), b"raw", file, io.BytesIO(b"in memory")]
        answer = client.classify("cats-dogs", photos)
    names = ["photo.jpg", "photo-2", "photo.jpg", "photo-4"]
    assert gateway.received[0].file_names() == names
    assert [prediction.image for prediction in answer.predictions] == names
    assert b"raw" in gateway.received[0].body
    assert b"in memory" in gateway.received[0].body


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
    with Client(gateway.url) as client:
        client.classify("m", b"photo", **asked)
    assert gateway.received[0].path == path


def test_an_address_may_have_a_path(gateway: FakeGateway) -> None:
    with Client(f"{gateway.url}/labels/") as client:
        client.classify("m", b"photo")
    assert gateway.received[0].path == "/labels/v1/models/m:classify"


def test_the_key_is_sent_as_a_bearer(gateway: FakeGateway) -> None:
    with Client(gateway.url, api_key="secret") as client:
        client.classify("m", b"photo")
    assert gateway.received[0].headers["Authorization"] == "Bearer secret"


def test_a_file_name_that_is_not_utf8_is_sent_readable(
    gateway: FakeGateway, tmp_path: Path
) -> None:
    path = tmp_path / "caf\udce9.jpg"
    path.write_bytes(b"photo")
    with Client(gateway.url) as client:
        client.classify("m", path)
    assert gateway.received[0].file_names() == ["caf?.jpg"]


def test_models_and_one_model(gateway: FakeGateway) -> None:
    ready = {
        "name": "cats-dogs",
        "state": "ready",
        "version": 3,
        "versions": [{"version": 3, "state": "AVAILABLE"}],
        "input": {"height": 150, "width": 150, "channels": 3},
        "preparation": "squash/1",
        "labels": ["cat", "dog"],
    }
    missing = {"name": "clothing", "state": "unavailable", "detail": "no version"}
    gateway.reply(200, {"models": [ready, missing]})
    gateway.reply(200, {**ready, "card": {"recipe": "cats-dogs-cnn"}})
    with Client(gateway.url) as client:
        first, second = client.models()
        one = client.model("cats-dogs")
    assert (first.input_shape, first.labels) == ((150, 150, 3), ("cat", "dog"))
    assert (first.versions[0].version, first.versions[0].state) == (3, "AVAILABLE")
    assert (second.state, second.detail, second.input_shape) == ("unavailable", "no version", None)
    assert one.card == {"recipe": "cats-dogs-cnn"}
    assert [request.path for request in gateway.received] == ["/v1/models", "/v1/models/cats-dogs"]


def test_a_problem_keeps_all_its_members(gateway: FakeGateway) -> None:
    problem = {
        "type": "urn:photolabel:error:damaged-photo",
        "title": "The image does not decode",
        "status": 422,
        "detail": "1 bad photo",
        "errors": [{"image": "a.jpg", "detail": "truncated"}],
    }
    gateway.reply(422, problem, Content_Type="application/problem+json")
    with Client(gateway.url) as client, pytest.raises(Refused) as caught:
        client.classify("m", b"photo")
    error = caught.value
    assert (error.status, error.type) == (422, "urn:photolabel:error:damaged-photo")
    assert (error.title, error.detail) == ("The image does not decode", "1 bad photo")
    assert error.problem == problem
    assert str(error) == "422 The image does not decode: 1 bad photo"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_retried_when_it_says_so(gateway: FakeGateway, status: int) -> None:
    gateway.reply(status, BUSY, Retry_After="0")
    gateway.reply(status, BUSY, Retry_After=formatdate(0, usegmt=True))
    gateway.reply(200, {"models": []})
    with Client(gateway.url) as client:
        assert client.models() == ()
    assert len(gateway.received) == 3


@pytest.mark.parametrize(
    ("status", "headers"),
    [(503, {}), (503, {"Retry_After": "soon"}), (504, {"Retry_After": "0"}), (500, {})],
)
def test_other_errors_are_not_retried(
    gateway: FakeGateway, status: int, headers: dict[str, str]
) -> None:
    gateway.reply(status, BUSY, **headers)
    with Client(gateway.url) as client, pytest.raises(Refused):
        client.models()
    assert len(gateway.received) == 1


def test_a_retry_beyond_the_timeout_is_not_made(gateway: FakeGateway) -> None:
    gateway.reply(503, BUSY, Retry_After="3600")
    with Client(gateway.url, timeout=60) as client, pytest.raises(Refused) as caught:
        client.models()
    assert caught.value.retry_after == 3600
    assert len(gateway.received) == 1


class Clock:
    """Replaces the module `time`: sleeping takes no time, but advances the clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        assert self.now < 1000


def test_retries_end_with_the_timeout(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.client.time", Clock())
    gateway.reply(503, BUSY, Retry_After="2")
    with Client(gateway.url, timeout=7) as client, pytest.raises(Refused):
        client.models()
    assert len(gateway.received) == 4  # After 0, 2, 4 and 6 seconds; 8 would be beyond the timeout.
