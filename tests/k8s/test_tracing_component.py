"""The gateway exports spans to a collector that its network policy lets it reach."""

import httpx
import pytest

from serving.gateway.telemetry.tracing import exporter_is_set
from tests.k8s.manifests import Manifest, build, environment, find, matches

BUILD = "cpu, tracing"


@pytest.fixture
def gateway() -> Manifest:
    return dict(find(build(BUILD), "Deployment", "gateway")["spec"]["template"])


def test_the_gateway_exports_spans(gateway: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(gateway["spec"]["containers"][0]).items():
        if name.startswith("OTEL_"):
            monkeypatch.setenv(name, value)
    assert exporter_is_set()


def test_the_gateway_may_reach_the_collector(gateway: Manifest) -> None:
    endpoint = httpx.URL(
        environment(gateway["spec"]["containers"][0])["OTEL_EXPORTER_OTLP_ENDPOINT"]
    )
    service, namespace, svc = endpoint.host.split(".")
    assert (bool(service), svc) == (True, "svc")
    policy = find(build(BUILD), "NetworkPolicy", "gateway-tracing")["spec"]
    assert matches(policy["podSelector"]["matchLabels"], gateway)
    assert policy["policyTypes"] == ["Egress"]
    (rule,) = policy["egress"]
    (peer,) = rule["to"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": namespace}
    assert rule["ports"] == [{"protocol": "TCP", "port": endpoint.port}]
