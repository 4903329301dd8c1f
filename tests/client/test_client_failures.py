import json
from typing import Any

import pytest

from client import BadAnswer, BadPhoto, Photolabel, PhotolabelError, Refused, Unreachable
from tests.client.conftest import FakeGateway, answer_to

HTML = {"Content_Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"<h1>It works!</h1>", HTML),
        (502, b"<h1>Bad gateway</h1>", HTML),
        (200, b'{"models": \xff}', {}),
        (200, b"[" * 100_000, {}),
        (200, {"models": [{"name": 7, "state": "ready"}]}, {}),
        (200, [], {}),
        (404, {"detail": "Not Found"}, {}),
        (500, ["busy"], {}),
        (301, b"", {"Location": "https://elsewhere.example/"}),
    ],
)
def test_a_response_that_is_not_from_the_api_is_a_bad_answer(
    gateway: FakeGateway, status: int, body: Any, headers: dict[str, str]
) -> None:
    gateway.reply(status, body, **headers)
    with Photolabel(gateway.url) as photolabel, pytest.raises(BadAnswer) as caught:
        photolabel.models()
    assert "\n" not in str(caught.value)
    assert ("elsewhere" in str(caught.value)) == (status == 301)
    assert len(gateway.received) == 1  # A redirect is not followed.


def test_too_few_predictions_are_a_bad_answer(gateway: FakeGateway) -> None:
    gateway.reply(200, {"model": "m", "version": 1, "predictions": []})
    with Photolabel(gateway.url) as photolabel, pytest.raises(BadAnswer, match="0 predictions"):
        photolabel.classify(b"photo", model="m")


def test_a_problem_keeps_all_its_members(gateway: FakeGateway) -> None:
    problem = {
        "type": "urn:photolabel:error:bad-photos",
        "title": "Some photos can't be classified",
        "status": 422,
        "detail": "1 of 2",
        "request_id": "0b8e",
        "errors": [{"image": "1", "detail": "truncated"}],
    }
    gateway.reply(422, problem, Content_Type="application/problem+json")
    with Photolabel(gateway.url) as photolabel, pytest.raises(Refused) as caught:
        photolabel.classify([b"good", b"bad"], model="m")
    error = caught.value
    assert (error.status, error.type, error.request_id) == (422, problem["type"], "0b8e")
    assert (error.title, error.detail) == (problem["title"], "1 of 2")
    assert error.errors == ({"image": "photo-2", "detail": "truncated"},)
    assert error.problem == {**problem, "errors": [*error.errors]}
    assert str(error) == "422 Some photos can't be classified: photo-2: truncated"
    assert isinstance(error, PhotolabelError)


@pytest.mark.parametrize(
    "members",
    [{"recognized": "yes"}, {"probability": 10**400}, {"probability": None}, {"label": 7}],
)
def test_a_malformed_prediction_is_a_bad_answer(
    gateway: FakeGateway, members: dict[str, Any]
) -> None:
    answer = answer_to(["0"])
    answer["predictions"][0].update(members)
    gateway.reply(200, answer)
    with Photolabel(gateway.url) as photolabel, pytest.raises(BadAnswer, match="format"):
        photolabel.classify(b"photo", model="m")


def test_a_malformed_status_of_a_bad_photo_is_that_of_the_response(gateway: FakeGateway) -> None:
    errors = [{"image": "0", "status": None, "detail": "truncated"}]
    gateway.reply(422, {"title": "Two\nlines", "errors": errors})
    with Photolabel(gateway.url) as photolabel:
        [bad] = photolabel.classify_each([b"photo"], model="m")
        with pytest.raises(Refused, match=r"^422 Two lines: photo-1: truncated$"):
            photolabel.classify(b"photo", model="m")
    assert isinstance(bad, BadPhoto)
    assert bad.status == 422


ODD_ERRORS: list[Any] = [
    None,
    7,
    [],
    [7],
    [{}],
    *([{"image": image}] for image in ("x", "99", "9" * 5000, 0)),
]


@pytest.mark.parametrize("errors", ODD_ERRORS)
def test_odd_lists_of_bad_photos_are_errors_of_the_request(
    gateway: FakeGateway, errors: Any
) -> None:
    gateway.reply(422, {"title": "Bad", "status": 422, "errors": errors})
    with Photolabel(gateway.url) as photolabel, pytest.raises(Refused, match="422 Bad"):
        list(photolabel.classify_each([b"photo", b"another"], model="m"))


BAD_PLACES = [
    {"ALL_PROXY": "socks5://127.0.0.1:9"},
    {"ALL_PROXY": "gopher://127.0.0.1"},
    {"ALL_PROXY": "http://[::1"},
    {"HTTP_PROXY": "http://127.0.0.1:9"},
    {"NO_PROXY": "::1,[fe80::1]/64", "ALL_PROXY": "http://[::1]:9"},
    {"REQUESTS_CA_BUNDLE": "/missing.pem"},
    {"REQUESTS_CA_BUNDLE": ""},
    {"SSL_CERT_FILE": "/missing.pem"},
]


@pytest.mark.parametrize("environment", BAD_PLACES, ids=json.dumps)
@pytest.mark.parametrize("url", ["http://photos.invalid", "https://[::1]:9"])
def test_an_unusable_environment_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Photolabel(url, retries=0) as photolabel, pytest.raises(Unreachable) as caught:
        photolabel.models()
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http", "socks5", "socks5h", "socks4"])
def test_a_proxy_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{proxy}://127.0.0.1:9")
    with (
        Photolabel("http://192.0.2.1", retries=0) as photolabel,
        pytest.raises(Unreachable) as caught,
    ):
        photolabel.models()
    assert "the proxy to http://192.0.2.1 failed" in str(caught.value)
    assert "refused" in str(caught.value)


def test_a_proxy_is_used(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", gateway.url)
    gateway.reply(200, {"models": []})
    with Photolabel("http://photos.invalid") as photolabel:
        assert photolabel.models() == []
    assert gateway.received[0].path == "http://photos.invalid/v1/models"


def test_this_machine_is_reached_without_a_proxy(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    gateway.reply(200, {"models": []})
    with Photolabel(gateway.url) as photolabel:
        assert photolabel.models() == []


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ftp://host", "http://", "http://a b:x", "http://host?a=b"]
)
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Photolabel(url)


@pytest.mark.parametrize("key", ["", "two words", "line\n", "schlüssel"])
def test_an_invalid_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="API key"):
        Photolabel(api_key=key)


def test_wrong_arguments() -> None:
    for timeout in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            Photolabel(timeout=timeout)
    for headers in ({"two words": "x"}, {"X": "line\nbreak"}, {"X": "ü"}):
        with pytest.raises(ValueError, match="header"):
            Photolabel(headers=headers)
    with pytest.raises(ValueError, match="header"):
        Photolabel(client_id="two\nlines")
    with Photolabel() as photolabel:
        with pytest.raises(ValueError, match="no photo"):
            photolabel.classify([], model="m")
        with pytest.raises(ValueError, match="not both"):
            photolabel.classify(b"photo", model="m", version=1, label="canary")
        with pytest.raises(FileNotFoundError):
            photolabel.classify("missing.jpg", model="m")


def test_a_login_in_the_url_is_sent_and_in_no_message(gateway: FakeGateway) -> None:
    gateway.reply(200, {"models": []})
    gateway.reply(200, "no models")
    url = gateway.url.replace("http://", "http://anna:p%40ss@")
    with Photolabel(url, retries=0) as photolabel:
        assert photolabel.models() == []
        with pytest.raises(BadAnswer) as caught:
            photolabel.models()
    assert gateway.received[0].headers["Authorization"] == "Basic YW5uYTpwQHNz"
    assert "p%40ss" not in str(caught.value)
