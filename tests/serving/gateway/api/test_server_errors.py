"""The errors that a client can't fix: overload, model server, deadline, the unforeseen."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from serving import http_errors as errors
from serving.gateway.api.request_arrival import ARRIVAL, Arrival
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, gateway

PATH = "/v1/models/clothing:classify"


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (errors.ModelServerUnavailable("gone"), 503, "model-server-unavailable"),
        (errors.ModelNotReady("not loaded"), 503, "model-not-ready"),
        (errors.DeadlineExceeded("over"), 504, "time-budget-spent"),
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


@pytest.mark.parametrize("path", [PATH, "/models/clothing"])
def test_429_says_how_long_the_request_would_wait(client: FlaskClient, path: str) -> None:
    arrival = Arrival(expected_wait=1.4)
    method = "POST" if path == PATH else "GET"
    response = client.open(path, method=method, environ_overrides={ARRIVAL: arrival})
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "2"
    assert "would wait 1.4 s for its turn. Try again in 2 s." in response.text


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


def test_504_when_the_time_is_over_before_the_model_is_asked(source: FakeModelServer) -> None:
    client = gateway(source, time_budget=1e-9)
    check_problem(client.post(PATH, data=encoded_photo()), 504, "time-budget-spent")


def _bug(*_: Any) -> Any:
    raise RuntimeError("secret detail")


@pytest.mark.parametrize("fault", [_bug, None])
def test_500_for_the_unforeseen_is_generic_and_logged(
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
    assert [record for record in caplog.records if record.exc_info]
    assert "secret detail" in caplog.text
