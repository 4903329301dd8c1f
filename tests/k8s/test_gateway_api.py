"""The HTTPRoute leads to the gateway, and its times are longer than the gateway's."""

import re

from serving.gateway.settings import Settings
from tests.k8s.manifests import build, find, of_kind

BUILD = "cpu, Gateway API"
# Gateway API, GEP-2257.
DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}")
DEFAULTS = Settings()


def test_the_route_leads_to_a_port_of_the_service() -> None:
    (rule,) = find(build(BUILD), "HTTPRoute", "gateway")["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    service = find(build(BUILD), "Service", backend["name"])
    # Unlike an Ingress, a route can't name a port.
    assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]


def test_the_route_names_its_gateway_and_host() -> None:
    spec = find(build(BUILD), "HTTPRoute", "gateway")["spec"]
    (parent,) = spec["parentRefs"]
    assert parent.keys() == {"name", "namespace", "sectionName"}
    assert spec["hostnames"] == ["photolabel.example.com"]


def test_its_times_are_longer_than_those_of_the_gateway() -> None:
    timeouts = find(build(BUILD), "HTTPRoute", "gateway")["spec"]["rules"][0]["timeouts"]
    assert timeouts.keys() == {"request", "backendRequest"}
    for duration in timeouts.values():
        assert DURATION.fullmatch(duration)
        seconds = int(duration.removesuffix("s"))
        assert seconds > DEFAULTS.upload_seconds + DEFAULTS.time_budget
    assert timeouts["backendRequest"] <= timeouts["request"]


def test_only_the_proxies_may_connect() -> None:
    (rule,) = find(build(BUILD), "NetworkPolicy", "gateway")["spec"]["ingress"]
    (peer,) = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]


def test_it_needs_no_ingress() -> None:
    assert not of_kind(build(BUILD), "Ingress")
