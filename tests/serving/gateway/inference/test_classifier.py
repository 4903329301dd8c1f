"""Versions that change under way: photos are prepared as the version that answers wants them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from serving.deadline import Deadline
from serving.gateway.inference.catalog import Catalog
from serving.gateway.inference.classifier import Classifier
from serving.gateway.inference.results import Classification, Photo
from serving.gateway.model_client.contract import MAX_INPUT_BYTES, Description
from serving.gateway.model_client.grpc_errors import RequestRefused
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.observation import Observation
from serving.http_errors import (
    ModelNotReady,
    ModelServerUnavailable,
    TooManyPhotos,
    UnknownVersion,
)
from serving.photos import prepare
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.worker_or_sandbox import PhotoPreparer
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, fake_server

PHOTO = Photo("shirt.jpg", encoded_photo())


class Gateway:
    """A classification over a source, with one method."""

    def __init__(self, source: FakeModelServer) -> None:
        self.catalog = Catalog(("clothing", "cats-dogs"), source)
        self._classification = Classifier(self.catalog, source, PhotoLimits(max_pixels=10**6))

    def classify(self, top: int | None = None, **ref: Any) -> Classification:
        """Classify one photo with the clothing model."""
        model = ModelRef("clothing", **ref)
        return self._classification.classify(model, [PHOTO], top, Deadline(5), Observation())


@pytest.fixture
def gateway(source: FakeModelServer) -> Gateway:
    return Gateway(source)


def test_a_version_is_described_once(gateway: Gateway, source: FakeModelServer) -> None:
    for _ in range(3):
        gateway.classify()
        gateway.classify(version=1)
    assert len(source.described) == 1


def test_photos_are_not_prepared_for_a_model_server_that_is_gone(
    gateway: Gateway, source: FakeModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.classify()
    source.gone = True
    monkeypatch.setattr(PhotoPreparer, "prepare", _unexpected)
    with pytest.raises(ModelServerUnavailable):
        gateway.classify()


def _unexpected(*_: object) -> None:
    raise AssertionError("prepared")


def test_no_more_photos_are_prepared_than_a_call_may_hold(source: FakeModelServer) -> None:
    classification = Classifier(Catalog(("clothing",), source), source, PhotoLimits())
    photos = [PHOTO] * (MAX_INPUT_BYTES // (28 * 28) + 1)
    with pytest.raises(TooManyPhotos, match="at most 80,248 photos"):
        classification.classify(ModelRef("clothing"), photos, None, Deadline(5), Observation())
    assert not source.predicted


def test_labels_follow_the_version_that_answers(gateway: Gateway, source: FakeModelServer) -> None:
    assert gateway.classify().predictions[0].probabilities[0].label == "shirt"
    source.publish("clothing", labels=("hat", "sock", "glove"))
    answer = gateway.classify()
    assert answer.version == 2
    assert answer.predictions[0].probabilities[0].label == "hat"
    assert len(source.predicted) == 2, "equal pixels are not sent twice"


def test_another_preparation_prepares_again(gateway: Gateway, source: FakeModelServer) -> None:
    gateway.classify()
    source.publish("clothing", preparation="squash/1")
    assert gateway.classify().version == 2
    _, pixels = source.predicted[-1]
    np.testing.assert_array_equal(pixels[0], prepare(PHOTO.encoded, "squash/1", (28, 28, 1)))
    calls = len(source.predicted)
    assert gateway.classify().version == 2
    assert len(source.predicted) == calls + 1, "the new version is expected from now on"


def test_another_shape_prepares_again(gateway: Gateway, source: FakeModelServer) -> None:
    gateway.classify()
    source.publish("clothing", shape=(32, 32, 3))
    assert gateway.classify().version == 2
    assert source.predicted[-1][1].shape == (1, 32, 32, 3)


def test_a_roll_back_is_followed(gateway: Gateway, source: FakeModelServer) -> None:
    source.publish("clothing", shape=(32, 32, 3))
    assert gateway.classify().version == 2
    source.models["clothing"].pop()
    assert gateway.classify().version == 1


def test_a_label_that_moves_is_followed(gateway: Gateway, source: FakeModelServer) -> None:
    source.publish("clothing", shape=(32, 32, 3))
    assert gateway.classify(label="old").version == 1
    source.labels["old"] = 2
    assert gateway.classify(label="old").version == 2
    with pytest.raises(UnknownVersion, match="label canary"):
        gateway.classify(label="canary")


def test_probabilities_that_do_not_fit_the_labels_are_a_broken_model(
    gateway: Gateway, source: FakeModelServer
) -> None:
    source.classes = 5
    with pytest.raises(ModelNotReady, match="5 probabilities for 3 labels"):
        gateway.classify()


def test_top_keeps_the_most_probable(gateway: Gateway) -> None:
    assert len(gateway.classify(top=2).predictions[0].probabilities) == 2


class Replicas(FakeModelServer):
    """Two replicas in turn, the second of which already has the next version, and only it."""

    turn = 0

    def _find(self, ref: ModelRef) -> Description:
        self.turn += 1
        old, new = self.models["clothing"]
        here = new if self.turn % 2 else old
        if ref.version not in (None, here.version):
            raise UnknownVersion("this replica is not so far")
        return here


@pytest.mark.parametrize(
    "change", [{}, {"labels": ("x", "y", "z")}, {"shape": (32, 32, 3)}, {"preparation": "squash/1"}]
)
def test_replicas_with_different_versions_fail_no_request(change: dict[str, Any]) -> None:
    source = Replicas(fake_server().models)
    source.publish("clothing", **change)
    gateway = Gateway(source)
    answers = [gateway.classify() for _ in range(20)]
    for answer in answers:
        labels = source.models["clothing"][answer.version - 1].labels
        assert answer.predictions[0].probabilities[0].label == labels[0]


def test_a_model_that_refuses_its_own_input_is_not_ready(
    gateway: Gateway, source: FakeModelServer
) -> None:
    gateway.classify()
    object.__setattr__(source, "predict", _refuse)
    with pytest.raises(ModelNotReady, match="refuses its own input"):
        gateway.classify()


def _refuse(*_: Any) -> Any:
    raise RequestRefused("kernel says no")


def test_a_probability_that_is_no_number_is_a_broken_model(
    gateway: Gateway, source: FakeModelServer
) -> None:
    source.nan = True
    with pytest.raises(ModelNotReady, match="not a number"):
        gateway.classify()


def test_requests_at_once_share_one_description(source: FakeModelServer) -> None:
    gateway, gate = Gateway(source), threading.Event()
    describe = source.describe

    def slow(ref: ModelRef, deadline: Deadline) -> Description:
        gate.wait(10)
        return describe(ref, deadline)

    object.__setattr__(source, "describe", slow)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(gateway.classify) for _ in range(8)]
        gate.set()
        assert {answer.result().version for answer in answers} == {1}
    assert len(source.described) <= 2, "the first, and who came just after it"


def test_an_unknown_preparation_is_described_once(
    gateway: Gateway, source: FakeModelServer
) -> None:
    source.publish("clothing", preparation="letterbox/7")
    for _ in range(3):
        with pytest.raises(ModelNotReady, match="letterbox/7"):
            gateway.classify()
    assert len(source.described) == 1
