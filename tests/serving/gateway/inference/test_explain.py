"""`:explain`: the answer of `:classify` with its reasons, of the same version."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from serving.gateway.model_client.grpc_errors import unknown_version
from serving.gateway.model_client.model_ref import ModelRef
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, gateway
from tests.serving.numbers import read_numbers, total

WHY = "/v1/models/clothing:explain"
PHOTO = encoded_photo()
HEAT = np.linspace(0, 1, 12).reshape(3, 4).round(4).tolist()


def form(*names: str) -> dict[str, Any]:
    return {"data": {"photo": [(io.BytesIO(PHOTO), name) for name in names]}}


def test_it_is_the_answer_of_classify_with_heat(client: FlaskClient) -> None:
    parts = ("a.jpg", "b.jpg")
    answer = client.post("/v1/models/clothing:classify?top=2", **form(*parts)).get_json()
    for prediction in answer["predictions"]:
        prediction["heat"] = HEAT
    assert client.post(f"{WHY}?top=2", **form(*parts)).get_json() == answer


@pytest.mark.parametrize("path", ["/labels/old", "/versions/1", ""])
def test_the_version_that_answered_explains_the_same_pixels(
    client: FlaskClient, source: FakeModelServer, path: str
) -> None:
    answer = client.post(f"/v1/models/clothing{path}:explain", data=PHOTO).get_json()
    assert answer["version"] == 1
    (_, asked), (ref, explained) = source.predicted[-1], source.explained[-1]
    assert ref == ModelRef("clothing", version=1)
    np.testing.assert_array_equal(asked, explained)


class Vanishing(FakeModelServer):
    """Its first version is gone as soon as it has answered once."""

    def explain(self, ref: ModelRef, *rest: Any) -> np.ndarray:
        if ref.version == 1:
            if len(self.models["clothing"]) == 1:
                self.publish("clothing")
            raise unknown_version(ref)
        return super().explain(ref, *rest)


def test_a_version_that_is_gone_before_it_explains_is_not_the_clients_error(
    source: FakeModelServer,
) -> None:
    vanishing = Vanishing(source.models)
    answer = gateway(vanishing).post(WHY, data=PHOTO)
    assert answer.get_json()["version"] == 2
    assert vanishing.explained[-1][0].version == 2


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", None, "application/json"),
        ("", "*/*", "application/json"),
        ("", "image/png", "image/png"),
        ("", "image/png, application/json;q=0.5", "image/png"),
        ("", "text/html", "application/json"),
        ("?format=png", "application/json", "image/png"),
        ("?format=json", "image/png", "application/json"),
    ],
)
def test_numbers_or_a_picture(
    client: FlaskClient, query: str, accept: str | None, kind: str
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = client.post(WHY + query, data=PHOTO, headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, kind)
    if kind == "image/png":
        assert Image.open(io.BytesIO(answer.data)).size == (448, 448)


def test_a_picture_shows_one_photo(client: FlaskClient, source: FakeModelServer) -> None:
    answer = client.post(f"{WHY}?format=png", **form("a.jpg", "b.jpg"))
    problem = check_problem(answer, 400, "malformed-request")
    assert "one photo, and the request has 2" in problem["detail"]
    assert not source.predicted
    check_problem(client.post(f"{WHY}?format=gif", data=PHOTO), 400, "malformed-request")


def test_a_model_without_heat_maps_says_so(client: FlaskClient, source: FakeModelServer) -> None:
    answer = client.post("/v1/models/cats-dogs:explain", data=PHOTO)
    problem = check_problem(answer, 404, "not-explainable")
    assert "cats-dogs, version 2" in problem["detail"]
    assert not source.explained
    assert not source.predicted
    explains = {
        each["name"]: each["explains"] for each in client.get("/v1/models").get_json()["models"]
    }
    assert explains == {"clothing": True, "cats-dogs": False}


def test_limits_and_metrics_are_those_of_classify(source: FakeModelServer) -> None:
    client = gateway(source, max_photos=1)
    check_problem(client.post(WHY, **form("a.jpg", "b.jpg")), 413, "too-many-photos")
    check_problem(client.post(WHY, data=PHOTO[:300]), 422, "damaged-photo")
    client.post(WHY, data=PHOTO)
    counted = read_numbers(client.get("/metrics").text)
    answered = {"model": "clothing", "route": "explain", "status": "200", "version": "1"}
    assert total(counted, "photolabel_requests_total", **answered) == 1
    assert total(counted, "photolabel_stage_seconds_count", stage="explain") == 1
    # A photo counts where it is classified, or what is asked about would look like drift.
    assert total(counted, "photolabel_photos_total") == 0
    assert total(counted, "photolabel_confidence_count") == 0
