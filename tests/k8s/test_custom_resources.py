"""Objects for Prometheus' operator and the Gateway API are valid by these projects' schemas."""

import copy

import pytest

from tests.k8s.custom_resources import errors, is_custom
from tests.k8s.manifests import BUILDS, Manifest, build, of_kind


@pytest.fixture(scope="module")
def custom() -> list[Manifest]:
    """Return all such objects of all builds, each once."""
    found: list[Manifest] = []
    for name in BUILDS:
        found += [each for each in build(name) if is_custom(each) and each not in found]
    return found


def test_every_custom_object_is_valid(custom: list[Manifest]) -> None:
    assert {each["kind"] for each in custom} >= {"PodMonitor", "PrometheusRule"}
    assert errors(custom) == {}


def test_a_misspelled_field_and_a_wrong_value_are_found(custom: list[Manifest]) -> None:
    monitor = of_kind(tuple(custom), "PodMonitor")[0]
    misspelled, wrong = copy.deepcopy(monitor), copy.deepcopy(monitor)
    misspelled["spec"]["selektor"] = {}
    wrong["spec"]["podMetricsEndpoints"][0]["interval"] = "15x"
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "gateway"},
        "spec": {"rules": [{"backendRefs": [{"name": "gateway", "port": 80000}]}]},
    }
    found = errors([monitor, misspelled, wrong, route])
    assert found.keys() == {1, 2, 3}
    assert "selektor" in found[1]
    assert "interval must match" in found[2]
    assert "port must be <= 65535" in found[3]
