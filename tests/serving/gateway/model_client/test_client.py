"""The gRPC client against a real gRPC server whose answers the test scripts."""

import json
from collections.abc import Iterator

import grpc
import numpy as np
import pytest

from serving import protos
from serving.deadline import Deadline
from serving.gateway.model_client.client import ModelServer
from serving.gateway.model_client.grpc_errors import RequestRefused, to_error
from serving.gateway.model_client.model_ref import ModelRef
from serving.http_errors import (
    DeadlineExceeded,
    InternalError,
    ModelNotReady,
    ModelServerUnavailable,
    PhotolabelError,
    UnknownVersion,
)
from tests.serving.scripted import Script, serve

PIXELS = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
REF = ModelRef("clothing")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def model_server(script: Script) -> Iterator[ModelServer]:
    server, port = serve(script)
    client = ModelServer(f"127.0.0.1:{port}")
    yield client
    client.close()
    server.stop(0).wait()


def test_predict_sends_uint8_pixels_and_reads_probabilities(
    model_server: ModelServer, script: Script
) -> None:
    prediction = model_server.predict(ModelRef("clothing", version=7), PIXELS, Deadline(5))
    image = script.requests[0].inputs["image"]
    assert image.tensor_content == PIXELS.tobytes()
    assert image.dtype == protos.DT_UINT8
    assert [dim.size for dim in image.tensor_shape.dim] == [2, 4, 5, 3]
    assert script.requests[0].model_spec.version.value == 7
    assert prediction.version == 7
    np.testing.assert_array_equal(
        prediction.probabilities, np.full((2, 2), [0.25, 0.75], np.float32)
    )


def test_explain_asks_its_signature_and_reads_the_heat(
    model_server: ModelServer, script: Script
) -> None:
    heat = model_server.explain(ModelRef("clothing", version=7), PIXELS, Deadline(5))
    spec = script.requests[0].model_spec
    assert (spec.signature_name, spec.version.value) == ("explain", 7)
    np.testing.assert_array_equal(heat, [[[0.0, 1.0, 0.5]]] * 2)


def test_report_sends_one_blank_photo_and_reads_the_page(
    model_server: ModelServer, script: Script
) -> None:
    page = model_server.report(ModelRef("clothing", version=7), (4, 5, 3), Deadline(5))
    spec = script.requests[0].model_spec
    assert (spec.signature_name, spec.version.value) == ("report", 7)
    sizes = script.requests[0].inputs["image"].tensor_shape.dim
    assert [dim.size for dim in sizes] == [1, 4, 5, 3]
    assert page == script.report


def test_a_large_report_fits_into_a_message(model_server: ModelServer, script: Script) -> None:
    """Training publishes up to 1 MiB compressed."""
    script.report = np.random.default_rng(0).bytes(2**20)
    assert model_server.report(REF, (4, 5, 3), Deadline(5)) == script.report


@pytest.mark.parametrize("has", [True, False])
def test_describe_says_which_signatures_a_version_has(
    model_server: ModelServer, script: Script, has: bool
) -> None:
    script.signatures = ["serving_default", *(["explain", "report"] if has else [])]
    description = model_server.describe(REF, Deadline(5))
    assert (description.explains, description.reports) == (has, has)


def test_describe_reads_the_contract(model_server: ModelServer, script: Script) -> None:
    description = model_server.describe(ModelRef("clothing", label="stable"), Deadline(5))
    assert description.shape == (4, 5, 3)
    assert description.labels == ("cat", "dog")
    assert description.preparation == "squash/1"
    assert description.card == json.loads(script.card)
    metadata, describe = script.requests
    assert metadata.model_spec.version_label == "stable"
    assert describe.model_spec.version.value == 7, "the version that was described, not another"


def test_a_label_is_resolved_without_a_prediction(
    model_server: ModelServer, script: Script
) -> None:
    assert model_server.resolve(ModelRef("clothing", label="stable"), Deadline(5)) == 7
    [metadata] = script.requests
    assert metadata.model_spec.version_label == "stable"


@pytest.mark.parametrize(
    "shape", [[-1, 28, 28], [], [-1, -1, -1, 3], [-1, 4, 5, 2], [-1, 4, 5, 3, 1]]
)
def test_an_input_of_another_rank_or_size_is_not_ready(
    model_server: ModelServer, script: Script, shape: list[int]
) -> None:
    script.input_shape = shape
    with pytest.raises(ModelNotReady, match="input image"):
        model_server.describe(REF, Deadline(5))


def test_a_card_that_is_no_json_is_not_ready(model_server: ModelServer, script: Script) -> None:
    script.card = b"{"
    with pytest.raises(ModelNotReady, match="describe"):
        model_server.describe(REF, Deadline(5))


@pytest.mark.parametrize("pixels", [PIXELS[0], PIXELS[None], PIXELS.astype(np.float32)])
def test_a_wrong_rank_or_dtype_never_leaves_the_gateway(
    model_server: ModelServer, script: Script, pixels: np.ndarray
) -> None:
    with pytest.raises(InternalError):
        model_server.predict(REF, pixels, Deadline(5))
    assert not script.requests


STATUSES = [
    ("NOT_FOUND", "Servable not found", ModelRef("m"), ModelNotReady),
    ("NOT_FOUND", "Servable not found", ModelRef("m", version=9), UnknownVersion),
    (
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: c",
        ModelRef("m", label="c"),
        UnknownVersion,
    ),
    ("INVALID_ARGUMENT", "wrong height", ModelRef("m"), RequestRefused),
    ("FAILED_PRECONDITION", "no signature", ModelRef("m"), ModelNotReady),
    ("UNAVAILABLE", "Socket closed", ModelRef("m"), ModelServerUnavailable),
    ("CANCELLED", "", ModelRef("m"), ModelServerUnavailable),
    ("RESOURCE_EXHAUSTED", "Threadpool Exhausted", ModelRef("m"), ModelServerUnavailable),
    ("DEADLINE_EXCEEDED", "", ModelRef("m"), DeadlineExceeded),
    ("INTERNAL", "?", ModelRef("m"), InternalError),
    ("UNIMPLEMENTED", "?", ModelRef("m"), InternalError),
]


@pytest.mark.parametrize(("code", "message", "ref", "expected"), STATUSES)
def test_every_status_becomes_one_of_our_errors(
    model_server: ModelServer,
    script: Script,
    code: str,
    message: str,
    ref: ModelRef,
    expected: type[PhotolabelError],
) -> None:
    script.fail = grpc.StatusCode[code], message
    with pytest.raises(PhotolabelError) as caught:
        model_server.predict(ref, PIXELS, Deadline(5))
    assert type(caught.value) is expected


def test_every_status_that_is_not_among_them_is_an_internal_error() -> None:
    named = {row[0] for row in STATUSES}
    others = [code for code in grpc.StatusCode if code.name not in named]
    assert {type(to_error(code, "", REF, Deadline(5))) for code in others} == {InternalError}


def test_unavailable_is_tried_again(model_server: ModelServer, script: Script) -> None:
    script.fail, script.failures = (grpc.StatusCode.UNAVAILABLE, "restarting"), 1
    assert model_server.predict(REF, PIXELS, Deadline(5)).version == 7
    assert len(script.requests) == 2


@pytest.mark.parametrize("code", ["INTERNAL", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"])
def test_nothing_else_is_tried_again(model_server: ModelServer, script: Script, code: str) -> None:
    script.fail = grpc.StatusCode[code], ""
    with pytest.raises(PhotolabelError):
        model_server.predict(REF, PIXELS, Deadline(5))
    assert len(script.requests) == 1


def test_a_slow_model_spends_the_budget(model_server: ModelServer, script: Script) -> None:
    script.delay = 5
    with pytest.raises(DeadlineExceeded, match=r"0\.2 s"):
        model_server.predict(REF, PIXELS, Deadline(0.2))


def test_nobody_listening_is_unavailable() -> None:
    client = ModelServer("127.0.0.1:1")
    with pytest.raises(ModelServerUnavailable):
        client.predict(REF, PIXELS, Deadline(5))
    client.close()
