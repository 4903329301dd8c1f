"""Dashboard and alerts query what the gateway exports, and Prometheus can scrape it."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.observation import Observation
from serving.repository.confidence_bins import CONFIDENCES
from tests.k8s.manifests import K8S, Manifest, build, find, matches, of_kind, ports

FOLDER = K8S / "components" / "monitoring"

# What Prometheus adds to every sample of a pod.
FROM_PROMETHEUS = {"pod", "namespace"}
# Labels of the cluster's own metrics: of Jobs, volumes and certificates.
FROM_CLUSTER = {"job_name", "persistentvolumeclaim", "name"}


def labels_of_samples() -> dict[str, set[str]]:
    """Return the labels of every sample that the gateway exports, by its name."""
    metrics, observation = Metrics(), Observation()
    with observation.stage("decode"):
        observation.best = [("cat", 0.9)]
    metrics.record(observation, "classify", "cats-dogs", 200, 0.1)
    metrics.models.ready("cats-dogs", 1, starter=False)
    metrics.models.certificate_expires(0.0)
    families = metrics.registry.collect()
    return {each.name: set(each.labels) for family in families for each in family.samples}


def expressions() -> Iterator[tuple[str, str]]:
    """Yield the location and the text of every expression in dashboard and alerts."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["spec"]["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("location", "expression"), list(expressions()))
def test_every_metric_and_label_exists_in_the_gateway(location: str, expression: str) -> None:
    exported = labels_of_samples()
    queried = re.findall(r"\b(photolabel_\w+)(?:\{([^}]*)\})?", expression)
    assert queried
    known = FROM_PROMETHEUS | FROM_CLUSTER
    for name, matchers in queried:
        assert name in exported
        assert set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", matchers)) <= exported[name]
        known |= exported[name]
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(grouped.split(", ")) <= known


def test_every_metric_is_shown() -> None:
    shown = " ".join(expression for _, expression in expressions())
    assert all(
        any(f"{family.name}{suffix}" in shown for suffix in ("_total", "_bucket", ""))
        for family in Metrics().registry.collect()
    )


def test_bounds_in_alerts_are_bounds_of_the_histogram() -> None:
    text = (FOLDER / "alerts.yaml").read_text("utf-8")
    bounds = {float(bound) for bound in re.findall(r'le="([0-9.]+)"', text)}
    assert bounds
    assert bounds <= set(CONFIDENCES)


def test_every_alert_is_explained() -> None:
    document = (K8S.parent / "docs" / "operations.md").read_text("utf-8")
    alerts = [rule["alert"] for rule in _rules()]
    assert alerts
    assert all(f"`{alert}`" in document for alert in alerts)
    assert all(rule["labels"]["severity"] and rule["annotations"]["summary"] for rule in _rules())


def _rules() -> list[Manifest]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_panels_do_not_overlap() -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))["panels"]
    cells = [
        (x, y)
        for position in (panel["gridPos"] for panel in panels)
        for x in range(position["x"], position["x"] + position["w"])
        for y in range(position["y"], position["y"] + position["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_monitor_selects_the_gateway_and_the_policy_admits_it() -> None:
    manifests = build("cpu, monitoring")
    gateway = find(manifests, "Deployment", "gateway")["spec"]["template"]
    (monitor,) = of_kind(manifests, "PodMonitor")
    assert matches(monitor["spec"]["selector"]["matchLabels"], gateway)
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    policy = find(manifests, "NetworkPolicy", "gateway-metrics")["spec"]
    assert matches(policy["podSelector"]["matchLabels"], gateway)
    (rule,) = policy["ingress"]
    assert [port["port"] for port in rule["ports"]] == [ports(gateway)[endpoint["port"]]]
    assert rule["from"], "only from named sources"


def test_the_dashboard_is_labelled_for_grafana() -> None:
    dashboard = find(build("cpu, monitoring"), "ConfigMap", "gateway-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["dashboard.json"])["title"] == "Photolabel gateway"
