import socket

import httpx
import pytest

from client import BadAnswer, Client, TimedOut, Unreachable
from tests.client.conftest import FakeGateway


def replying(response: httpx.Response) -> Client:
    return Client(transport=httpx.MockTransport(lambda request: response))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<h1>It works!</h1>"),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(200, content=b'{"models": \xff}'),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, json={"models": [{"name": 7, "state": "ready"}]}),
        httpx.Response(200, json=[]),
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(503, json=["busy"], headers={"Retry-After": "0"}),
    ],
)
def test_a_response_that_is_not_from_the_api_is_a_bad_answer(response: httpx.Response) -> None:
    with replying(response) as client, pytest.raises(BadAnswer) as caught:
        client.models()
    assert "\n" not in str(caught.value)


def test_a_redirect_is_reported_not_followed() -> None:
    response = httpx.Response(301, headers={"Location": "https://elsewhere.example/"})
    with replying(response) as client, pytest.raises(BadAnswer, match="elsewhere"):
        client.models()


def test_too_few_predictions_are_a_bad_answer(gateway: FakeGateway) -> None:
    gateway.reply(200, {"model": "m", "version": 1, "predictions": []})
    with (
        Client(gateway.url) as client,
        pytest.raises(BadAnswer, match="predictions: 0 instead of 1"),
    ):
        client.classify("m", b"photo")


def test_nobody_listening() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with Client(url) as client, pytest.raises(Unreachable, match="is the server running"):
            client.models()


def test_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, timeout=0.3) as client, pytest.raises(TimedOut, match=r"0\.3 s"):
            client.models()


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectTimeout,
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.PoolTimeout,
        httpx.ConnectError,
        httpx.ReadError,
        httpx.RemoteProtocolError,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.DecodingError,
        httpx.TooManyRedirects,
    ],
)
def test_every_httpx_error_becomes_an_error_of_the_package(error: type[httpx.HTTPError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("something went wrong")

    expected = TimedOut if issubclass(error, httpx.TimeoutException) else Unreachable
    with (
        Client(transport=httpx.MockTransport(fail)) as client,
        pytest.raises(Unreachable) as caught,
    ):
        client.models()
    assert type(caught.value) is expected


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://host", "http://", "http://a b:x"])
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Client(url)


@pytest.mark.parametrize("key", ["", "two words", "line\n", "schlüssel"])
def test_an_invalid_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="API key"):
        Client(api_key=key)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="timeout"):
        Client(timeout=0)
    with Client() as client:
        with pytest.raises(ValueError, match="no photo"):
            client.classify("m", [])
        with pytest.raises(ValueError, match="not both"):
            client.classify("m", b"photo", version=1, label="canary")
        with pytest.raises(FileNotFoundError):
            client.classify("m", "missing.jpg")
