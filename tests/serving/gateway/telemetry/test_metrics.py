"""What the metrics count, and what no client can put into them."""

import pytest
from flask.testing import FlaskClient

from serving.gateway.telemetry.metrics import Metrics
from serving.http_errors import ModelServerUnavailable
from serving.repository.confidence_bins import CONFIDENCES
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, fake_server, gateway
from tests.serving.numbers import Numbers, read_numbers, total, values_of

PATH = "/v1/models/clothing:classify"
HOSTILE = ["nobody", "clothing%0Ax", 'a"},1', "%7Bmodel%3D%22x%22%7D", "ÿ%00", "x" * 3000]


@pytest.fixture
def source() -> FakeModelServer:
    return fake_server()


@pytest.fixture
def client(source: FakeModelServer) -> FlaskClient:
    return gateway(source)


def numbers(client: FlaskClient) -> Numbers:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain")
    return read_numbers(response.text)


def test_requests_are_counted_by_model_version_and_status(
    client: FlaskClient, source: FakeModelServer
) -> None:
    for _ in range(3):
        client.post(PATH, data=encoded_photo())
    source.publish("clothing")
    client.post(PATH, data=encoded_photo())
    client.post(PATH, data=b"\xff\xd8\xff damaged")
    client.post(PATH)
    found = numbers(client)
    name, labels = "photolabel_requests_total", {"route": "classify", "model": "clothing"}
    assert total(found, name, **labels, version="1", status="200") == 3
    assert total(found, name, **labels, version="2", status="200") == 1
    # Known is which version would have answered; without a photo not even that.
    assert total(found, name, **labels, version="2", status="422") == 1
    assert total(found, name, **labels, version="", status="400") == 1
    assert total(found, "photolabel_photos_total", model="clothing") == 4
    seconds = "photolabel_request_seconds_count"
    assert total(found, seconds, route="classify") == 6
    assert total(found, seconds, **labels, version="1") == 3


def test_stages_are_timed_where_they_were_reached(client: FlaskClient) -> None:
    client.post(PATH, data=encoded_photo())
    client.post(PATH, data=b"\xff\xd8\xff damaged")
    found = numbers(client)
    name = "photolabel_stage_seconds_count"
    counts = {
        stage: total(found, name, model="clothing", stage=stage)
        for stage in ("upload", "queue", "decode", "predict")
    }
    assert counts == {"upload": 2, "queue": 2, "decode": 2, "predict": 1}


def test_a_failing_model_is_counted_under_the_version_that_failed(
    client: FlaskClient, source: FakeModelServer
) -> None:
    client.post(PATH, data=encoded_photo())
    source.failure = ModelServerUnavailable("gone")
    client.post(PATH, data=encoded_photo())
    found = numbers(client)
    assert total(found, "photolabel_requests_total", version="1", status="503") == 1


def test_confidence_is_counted_by_predicted_class(client: FlaskClient) -> None:
    client.post(PATH, data=encoded_photo())
    client.post("/v1/models/cats-dogs:classify", data=encoded_photo())
    found = numbers(client)
    # With the probability 0.5.
    labels = {"model": "clothing", "version": "1", "predicted": "shirt"}
    assert total(found, "photolabel_confidence_bucket", **labels, le="0.4") == 0
    assert total(found, "photolabel_confidence_bucket", **labels, le="0.5") == 1
    assert values_of(found, "predicted") == {"shirt", "cat"}
    assert len(CONFIDENCES) >= 9, "too few bins for a population stability index"


def test_names_that_are_not_served_are_one_label(client: FlaskClient) -> None:
    for name in HOSTILE:
        client.post(f"/v1/models/{name}:classify", data=encoded_photo())
        client.get(f"/v1/models/{name}")
        client.get(f"/{name}")
        client.post(f"/v1/models/clothing/versions/{name}:classify", data=encoded_photo())
    client.post("/v1/models/clothing/versions/77:classify", data=encoded_photo())
    found = numbers(client)
    assert values_of(found, "model") == {"unknown", "clothing", ""}
    assert values_of(found, "version") == {""}
    assert values_of(found, "route") == {"classify", "model", "unknown"}
    assert total(found, "photolabel_requests_total", model="unknown") == 2 * len(HOSTILE)


def test_nothing_is_in_flight_after_the_answer(
    client: FlaskClient, source: FakeModelServer
) -> None:
    client.post(PATH, data=encoded_photo())
    client.post(PATH, data=b"nothing")
    source.models["clothing"] = []
    client.post(PATH, data=encoded_photo())
    client.get("/nowhere")
    assert numbers(client)["photolabel_requests_in_flight", frozenset()] == 0


def test_the_answer_is_in_flight_until_it_is_given(
    source: FakeModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = gateway(source)
    seen: list[float] = []
    original = source.predict

    def predict(*arguments: object) -> object:
        seen.append(numbers(client)["photolabel_requests_in_flight", frozenset()])
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "predict", predict)
    client.post(PATH, data=encoded_photo())
    assert seen == [1]


def test_with_a_port_of_their_own_they_are_not_on_the_main_one(source: FakeModelServer) -> None:
    client = gateway(source, metrics_bind="127.0.0.1:0")
    assert client.get("/metrics").status_code == 404


def test_every_metric_has_the_prefix() -> None:
    assert all(family.name.startswith("photolabel_") for family in Metrics().registry.collect())
