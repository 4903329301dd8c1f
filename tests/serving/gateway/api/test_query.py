"""The query of a request: an unknown or repeated parameter is refused under `/v1/`, not ignored."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serving.gateway.api.api_keys import new_key
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, gateway

MODEL = "/v1/models/clothing"


@pytest.mark.parametrize("query", ["tops=2", "top=2&tops=2", "Top=2", "top[]=2", "=2", "top%20=2"])
def test_an_unknown_parameter_is_refused_with_the_known_ones(
    client: FlaskClient, source: FakeModelServer, query: str
) -> None:
    response = client.post(f"{MODEL}:explain?{query}", data=encoded_photo())
    detail = check_problem(response, 400, "malformed-request")["detail"]
    assert detail.startswith("There is no query parameter '")
    assert "top, format" in detail
    assert not source.predicted


@pytest.mark.parametrize("path", ["/v1/models", MODEL, f"{MODEL}/versions/1"])
def test_a_path_without_parameters_says_so(client: FlaskClient, path: str) -> None:
    problem = check_problem(client.get(f"{path}?version=1"), 400, "malformed-request")
    assert "'version'" in problem["detail"]
    assert "takes none." in problem["detail"]


def test_each_path_takes_its_own_parameters(client: FlaskClient) -> None:
    photo = encoded_photo()
    assert client.post(f"{MODEL}:explain?format=json&top=1", data=photo).status_code == 200
    check_problem(
        client.post(f"{MODEL}:classify?format=json", data=photo), 400, "malformed-request"
    )
    check_problem(client.post(f"{MODEL}:prepare?top=1", data=photo), 400, "malformed-request")


def test_a_repeated_parameter_is_refused(client: FlaskClient) -> None:
    response = client.post(f"{MODEL}:classify?top=1&top=2", data=encoded_photo())
    detail = check_problem(response, 400, "malformed-request")["detail"]
    assert detail == "The query parameter top is given 2 times. Give it once."


def test_a_long_name_is_cut(client: FlaskClient) -> None:
    problem = check_problem(client.get(f"/v1/models?{'n' * 5000}=1"), 400, "malformed-request")
    assert len(problem["detail"]) < 200


@pytest.mark.parametrize("path", ["/", "/models/clothing", "/docs", "/livez", "/readyz"])
def test_pages_and_probes_ignore_unknown_parameters(client: FlaskClient, path: str) -> None:
    with client.get(f"{path}?utm_source=news&lang=en") as response:
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ("exclude=model", "'model'"),
        ("exclude=", "''"),
        ("exclude=models&exclude=models", "'models,models'"),
        (f"exclude={'x' * 5000}", f"'{'x' * 40}'"),
    ],
)
def test_a_probe_that_excludes_something_else_is_refused(
    client: FlaskClient, values: str, shown: str
) -> None:
    problem = check_problem(client.get(f"/readyz?{values}"), 400, "malformed-request")
    assert problem["detail"] == f"exclude is {shown}; it must be models, given once."


def test_the_query_is_checked_after_path_method_and_key(
    client: FlaskClient, source: FakeModelServer, tmp_path: Path
) -> None:
    check_problem(client.get("/v1/nothing?tops=2"), 404, "unknown-path")
    check_problem(client.get(f"{MODEL}:classify?tops=2"), 405, "method-not-allowed")
    (tmp_path / "keys").write_text(new_key()[1])
    closed = gateway(source, api_keys_file=tmp_path / "keys")
    check_problem(closed.get("/v1/models?tops=2"), 401, "unauthorized")
