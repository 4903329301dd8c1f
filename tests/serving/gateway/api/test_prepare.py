"""`:prepare`: the pixels that the model gets, without a prediction."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from serving.photos import prepare
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, gateway

PATH = "/v1/models/clothing:prepare"


def shown(client: FlaskClient, path: str = PATH, photo: bytes | None = None) -> np.ndarray:
    response = client.post(path, data=photo or encoded_photo())
    assert response.status_code == 200, response.text
    assert response.mimetype == "image/png"
    return np.asarray(Image.open(io.BytesIO(response.data)))


@pytest.mark.parametrize("pin", ["", "/versions/1", "/labels/old"])
def test_the_image_is_what_the_model_would_get(
    client: FlaskClient, source: FakeModelServer, pin: str
) -> None:
    operations = client.get("/openapi.json").get_json()["paths"]
    described = operations["/v1/models/{name}:prepare"]["post"]["responses"]["200"]
    assert list(described["content"]) == ["image/png"]
    gray = shown(client, f"/v1/models/clothing{pin}:prepare")
    expected = prepare(encoded_photo(), "garment/1", (28, 28, 1))
    np.testing.assert_array_equal(gray, expected[..., 0])
    rgb = shown(client, "/v1/models/cats-dogs:prepare")
    np.testing.assert_array_equal(rgb, prepare(encoded_photo(), "squash/1", (150, 150, 3)))
    assert not source.predicted


def test_a_version_that_takes_over_is_noticed(client: FlaskClient, source: FakeModelServer) -> None:
    assert shown(client).shape == (28, 28)
    source.publish("clothing", shape=(32, 40, 3), preparation="squash/1")
    assert shown(client).shape == (32, 40, 3)
    assert shown(client, "/v1/models/clothing/versions/1:prepare").shape == (28, 28)
    source.labels["stable"] = 1
    source.publish("clothing")
    assert shown(gateway(source)).shape == (28, 28)


def test_it_has_the_errors_of_classify(client: FlaskClient, source: FakeModelServer) -> None:
    check_problem(client.post(PATH), 400, "no-photo")
    check_problem(client.post(PATH, data=b"text"), 415, "not-an-image")
    check_problem(client.post(PATH, data=encoded_photo()[:200]), 422, "damaged-photo")
    check_problem(client.post("/v1/models/gloves:prepare", data=b""), 404, "unknown-model")
    gone = client.post("/v1/models/clothing/versions/9:prepare", data=encoded_photo())
    check_problem(gone, 404, "unknown-version")
    check_problem(client.get(PATH), 405, "method-not-allowed")
    source.gone = True
    response = client.post(PATH, data=encoded_photo())
    check_problem(response, 503, "model-server-unavailable")


def test_it_shows_one_photo(client: FlaskClient) -> None:
    parts = [(io.BytesIO(encoded_photo()), f"{place}.jpg") for place in range(2)]
    problem = check_problem(client.post(PATH, data={"photo": parts}), 400, "malformed-request")
    assert problem["detail"] == "An image shows one photo, and the request has 2. Send one."


def test_it_needs_a_key_and_is_admitted_and_logged(
    source: FakeModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("")
    check_problem(gateway(source, api_keys_file=keys).post(PATH), 401, "unauthorized")
    with caplog.at_level(logging.INFO):
        shown(gateway(source))
    [line] = [each for each in caplog.records if each.name == "photolabel.requests"]
    logged = vars(line)
    assert (logged["route"], logged["model"], logged["version"]) == ("prepare", "clothing", 1)
    assert logged["photos"] == 1
