"""The labels and the version that the API shows are those that unpinned requests get."""

from typing import Any

import pytest

from serving.deadline import Deadline
from serving.gateway.inference.canary import MISSING_SECONDS, Canary
from serving.gateway.inference.canary_shares import CanaryShares
from serving.gateway.inference.catalog import Catalog
from serving.gateway.model_client.model_ref import ModelRef
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, fake_server, gateway

PATH = "/v1/models/clothing"
REF = ModelRef("clothing")


@pytest.fixture
def source() -> FakeModelServer:
    """Return a model server with the versions 1 and 2 of clothing."""
    source = fake_server()
    source.publish("clothing")
    return source


def shown(source: FakeModelServer, path: str = PATH, **settings: Any) -> dict[str, Any]:
    return dict(gateway(source, **settings).get(path).get_json())


@pytest.mark.parametrize(
    ("labels", "share", "version", "expected"),
    [
        ({}, 0.1, 2, []),
        ({"stable": 1}, 0.1, 1, [("stable", 1, 1.0)]),
        ({"canary": 1}, 0.1, 2, [("canary", 1, 0.1)]),
        ({"stable": 1, "canary": 2}, 0.0, 1, [("stable", 1, 1.0), ("canary", 2, 0.0)]),
        ({"stable": 1, "canary": 2}, 0.1, 1, [("stable", 1, 0.9), ("canary", 2, 0.1)]),
        ({"stable": 2, "canary": 1}, 0.5, 2, [("stable", 2, 0.5), ("canary", 1, 0.5)]),
        ({"stable": 2, "canary": 1}, 0.6, 1, [("stable", 2, 0.4), ("canary", 1, 0.6)]),
        ({"stable": 2, "canary": 1}, 1.0, 1, [("stable", 2, 0.0), ("canary", 1, 1.0)]),
    ],
)
def test_labels_shares_and_the_version_that_most_requests_get(
    source: FakeModelServer,
    labels: dict[str, int],
    share: float,
    version: int,
    expected: list[tuple[str, int, float]],
) -> None:
    source.labels = labels
    client = gateway(source, canary_share=share)
    listed = client.get("/v1/models").get_json()["models"]
    [in_list] = [each for each in listed if each["name"] == "clothing"]
    ready = client.get("/readyz").get_json()["models"]
    [in_readyz] = [each for each in ready if each["name"] == "clothing"]
    alone = client.get(PATH).get_json()
    for model in (in_list, alone):
        found = [
            (each["label"], each["version"], each["share"]) for each in model["version_labels"]
        ]
        assert found == expected
    assert in_list["version"] == alone["version"] == in_readyz["version"] == version
    answers = [
        client.post(f"{PATH}:classify", data=encoded_photo(), headers={"X-Client-ID": f"{number}"})
        for number in range(12)
    ]
    count = [answer.get_json()["version"] for answer in answers].count(version)
    assert count > 6 or share == 0.5


def test_a_single_version_has_labels_too() -> None:
    source = fake_server()
    source.labels = {"stable": 1}
    assert shown(source)["version_labels"] == [{"label": "stable", "version": 1, "share": 1.0}]


def test_a_label_that_is_requested_is_shown(source: FakeModelServer) -> None:
    source.labels = {"stable": 2, "old": 1}
    model = shown(source, f"{PATH}/labels/old")
    assert model["version"] == 1
    assert model["version_labels"] == [
        {"label": "stable", "version": 2, "share": 1.0},
        {"label": "old", "version": 1, "share": 0.0},
    ]


def test_missing_labels_are_asked_for_again_after_a_moment(source: FakeModelServer) -> None:
    now = [0.0]
    catalog = Catalog(("clothing",), source, Canary(CanaryShares(0.1), lambda: now[0]))
    for _ in range(3):
        assert catalog.version_labels(REF, Deadline(5)) == []
    assert [ref.label for ref in source.resolved] == ["stable", "canary"]
    # Requests and the list share what they know.
    assert catalog.canary.candidates(REF, None) == [REF]
    source.labels = {"stable": 1}
    now[0] += MISSING_SECONDS
    [stable] = catalog.version_labels(REF, Deadline(5))
    assert (stable.label, stable.version) == ("stable", 1)


def test_a_label_that_moves_is_shown_at_once(source: FakeModelServer) -> None:
    source.labels = {"stable": 1}
    client = gateway(source)
    assert client.get(PATH).get_json()["version"] == 1
    source.labels = {"stable": 2}
    model = client.get(PATH).get_json()
    assert (model["version"], model["version_labels"][0]["version"]) == (2, 2)


def test_classifying_resolves_no_labels(source: FakeModelServer) -> None:
    source.labels = {"stable": 1, "canary": 2}
    client = gateway(source, canary_share=0.5)
    for _ in range(4):
        assert client.post(f"{PATH}:classify", data=encoded_photo()).status_code == 200
    assert source.resolved == []
