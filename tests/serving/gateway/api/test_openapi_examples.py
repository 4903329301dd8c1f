"""The examples of the API's description: they match their schemas, and fit the model they name."""

from typing import Any

import pytest

from serving.gateway.api.openapi import examples
from serving.gateway.model_client.contract import Description
from serving.http_errors import ModelServerUnavailable
from tests.serving.fakes import PETS, FakeModelServer, fake_server, gateway
from tests.serving.gateway.api.described import check_schema, operations

CLASSIFY = "/v1/models/{name}:classify"
MODEL = "/v1/models/{name}"


def described(source: FakeModelServer, models: str = "clothing,cats-dogs") -> dict[str, Any]:
    return dict(gateway(source, models=models).get("/openapi.json").get_json())


def example(document: dict[str, Any], path: str, method: str = "get") -> dict[str, Any]:
    content = document["paths"][path][method]["responses"]["200"]["content"]
    return dict(content["application/json"]["example"])


@pytest.mark.parametrize("gone", [False, True])
def test_every_example_matches_its_schema(gone: bool) -> None:
    source = fake_server()
    source.failure = ModelServerUnavailable("It is away.") if gone else None
    document, checked = described(source), 0
    for _, _, operation in operations(document):
        for parameter in operation["parameters"]:
            check_schema(document, parameter["schema"], parameter["example"])
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for found in [*operation["responses"].values(), *bodies]:
            for content in found.get("content", {}).values():
                shown = [each["value"] for each in content.get("examples", {}).values()]
                shown += [content["example"]] if "example" in content else []
                for value in shown:
                    check_schema(document, content["schema"], value)
                    checked += 1
    assert checked > 50


def test_examples_are_of_the_first_model_as_it_is() -> None:
    document = described(fake_server(), "cats-dogs,clothing")
    answer = example(document, CLASSIFY, "post")
    assert (answer["model"], answer["version"]) == ("cats-dogs", 2)
    [prediction] = answer["predictions"]
    assert [each["label"] for each in prediction["probabilities"]] == ["cat", "dog"]
    assert sum(each["probability"] for each in prediction["probabilities"]) == pytest.approx(1)
    model = example(document, MODEL)
    assert model["input"] == {"height": 150, "width": 150, "channels": 3}
    assert model["preparation"] == "squash/1"
    assert model["labels"] == ["cat", "dog"]
    assert model["card"] == {"recipe": "drawn"}
    operation = document["paths"][f"{MODEL}/versions/{{version}}"]["get"]
    assert operation["x-codeSamples"][0]["source"].endswith("/v1/models/cats-dogs/versions/2")


def test_no_example_names_a_class_of_another_model() -> None:
    text = gateway(fake_server(), models="cats-dogs").get("/docs").text.lower()
    assert "cat" in text
    assert "shirt" not in text
    assert "clothing" not in text


def test_examples_follow_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.gateway.api.api_description.KEPT_SECONDS", 0.0)
    source = fake_server()
    client = gateway(source)
    first = client.get("/openapi.json").text
    assert client.get("/openapi.json").text == first
    source.publish("clothing", labels=("hat", "scarf"))
    answer = example(client.get("/openapi.json").get_json(), CLASSIFY, "post")
    assert answer["version"] == 2
    assert answer["predictions"][0]["label"] == "hat"


def test_a_model_server_that_is_away_is_asked_once_a_second_at_most() -> None:
    source = fake_server()
    source.failure = ModelServerUnavailable("It is away.")
    client = gateway(source)
    answer = example(client.get("/openapi.json").get_json(), CLASSIFY, "post")
    assert (answer["model"], answer["version"]) == ("clothing", 1)
    assert answer["predictions"][0]["label"] == "first class"
    source.failure = AssertionError("asked again")  # type: ignore[assignment]
    assert client.get("/docs").status_code == 200


@pytest.mark.parametrize("classes", [1, 2, 3, 10])
def test_probabilities_fit_the_number_of_classes(classes: int) -> None:
    labels = tuple(f"class {index}" for index in range(classes))
    model = examples.ExampleModel("m", Description(3, (8, 8, 1), labels, PETS.preparation, {}))
    shown = model.prediction.probabilities
    total = sum(each.probability for each in shown)
    assert [each.label for each in shown] == list(labels[:3])
    assert total == pytest.approx(1) if classes <= 3 else total < 1
    assert model.prediction.probability == shown[0].probability == max(p.probability for p in shown)
