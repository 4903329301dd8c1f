"""Trace context in and out; spans if an exporter is set, and no SDK if none is."""

import subprocess
import sys

import pytest

from serving.__main__ import main
from serving.deadline import Deadline
from serving.gateway.model_client.client import ModelServer
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.observation import Observation
from serving.gateway.telemetry.tracing import Trace, exporter_is_set, trace_context
from tests.e2e.processes import ROOT
from tests.serving.collector import collector
from tests.serving.scripted import Script, serve

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture(autouse=True)
def no_exporter_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def test_a_valid_context_is_passed_on() -> None:
    assert trace_context(GOOD) == {"traceparent": GOOD}
    assert trace_context(GOOD, "a=1,b=2")["tracestate"] == "a=1,b=2"
    later = f"01-{TRACE}-{PARENT}-01-more"
    assert trace_context(later) == {"traceparent": GOOD}


@pytest.mark.parametrize(
    "given",
    [
        "",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"{GOOD}-more",
        f"{GOOD}\n",
        f"{GOOD},{GOOD}",
        "x" * 10_000,
    ],
)
def test_an_invalid_context_is_dropped(given: str) -> None:
    assert trace_context(given, "a=1") == {}


@pytest.mark.parametrize(
    "state", ["", "a=\n", "ü=1", "a" * 513, ",".join(f"{key}={'1' * 200}" for key in "abc")]
)
def test_an_invalid_or_long_state_is_dropped_alone(
    state: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert trace_context(GOOD, state) == {"traceparent": GOOD}
    assert not caplog.records, "clients can't flood the log"


def test_the_trace_id_is_read() -> None:
    assert Trace("classify", {"traceparent": GOOD}).trace_id == TRACE
    assert Trace("classify", {}).trace_id is None


def test_every_call_carries_the_metadata() -> None:
    script = Script()
    server, port = serve(script)
    client = ModelServer(f"127.0.0.1:{port}")
    metadata = {"x-request-id": "abc", "traceparent": GOOD}
    client.describe(ModelRef("clothing"), Deadline(5, metadata))
    client.close()
    server.stop(0).wait()
    assert len(script.metadata) == 2
    assert all(each.items() >= metadata.items() for each in script.metadata)


def test_without_an_exporter_the_sdk_is_not_imported() -> None:
    code = (
        "import sys; from tests.serving.fakes import fake_server, gateway\n"
        "import serving.gateway.server.gunicorn_app\n"
        "assert gateway(fake_server()).get('/v1/models').status_code == 200\n"
        "sdk = ('opentelemetry.sdk', 'opentelemetry.exporter', 'opentelemetry.proto')\n"
        "print([name for name in sys.modules if name.startswith(sdk)])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_opentelemetrys_own_variables_set_the_exporter(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert exporter_is_set() is expected


def test_a_protocol_that_is_not_there_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    assert main([]) == 2
    assert "OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf'" in capsys.readouterr().err


def test_spans_are_exported_and_calls_belong_to_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.gateway.telemetry.spans import SpanTracing

    with collector() as (endpoint, spans):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        recorder = SpanTracing()
        metadata = {"x-request-id": "abc", "traceparent": GOOD}
        observation = Observation(recorder.begin("classify", metadata))
        with observation.stage("upload", observation.began), observation.stage("queue"):
            pass
        with pytest.raises(ValueError, match="bad"), observation.stage("decode"):
            raise ValueError("bad")
        with observation.stage("predict"):
            carried = metadata["traceparent"]
        observation.trace.end("clothing", 7, 200)
        recorder.close()
    found = {span.name: span for span in spans}
    assert found.keys() == {"classify", "upload", "queue", "decode", "predict"}
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert found["classify"].parent_span_id.hex() == PARENT
    assert found["predict"].parent_span_id == found["classify"].span_id
    assert carried == f"00-{TRACE}-{found['predict'].span_id.hex()}-01"
    assert found["decode"].status.message == "ValueError"
