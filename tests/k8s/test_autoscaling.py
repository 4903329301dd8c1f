"""The autoscaler scales the gateway by metrics that exist, and nothing else sets its replicas."""

import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.autoscaling.autoscaler import Settings
from benchmarks.autoscaling.scenarios import scenarios
from tests.k8s.manifests import (
    K8S,
    Manifest,
    build,
    environment,
    find,
    flags,
    of_kind,
    quantity,
    tool,
)
from tests.k8s.test_monitoring import labels_of_samples

BUILD = "cpu, monitoring, autoscaling"
FOLDER = K8S / "components" / "autoscaling"


@pytest.fixture
def gateway() -> Manifest:
    return dict(find(build(BUILD), "Deployment", "gateway")["spec"])


@pytest.fixture
def autoscaler() -> Manifest:
    return dict(find(build(BUILD), "HorizontalPodAutoscaler", "gateway")["spec"])


@pytest.fixture
def rule() -> Manifest:
    values = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text("utf-8"))
    (rule,) = values["rules"]["custom"]
    return dict(rule)


def container(deployment: Manifest) -> Manifest:
    (container,) = deployment["template"]["spec"]["containers"]
    return dict(container)


def handled_at_once(deployment: Manifest) -> int:
    given = environment(container(deployment))
    return int(given["PHOTOLABEL_WORKERS"]) * int(given["PHOTOLABEL_MAX_IN_FLIGHT"])


def test_only_the_autoscaler_sets_the_replicas(gateway: Manifest, autoscaler: Manifest) -> None:
    assert "replicas" not in gateway
    target = autoscaler["scaleTargetRef"]
    assert find(build(BUILD), target["kind"], target["name"])["spec"] == gateway
    assert 2 <= autoscaler["minReplicas"] < autoscaler["maxReplicas"]


def test_drains_and_roll_outs_keep_most_gateways(gateway: Manifest, autoscaler: Manifest) -> None:
    budget = find(build(BUILD), "PodDisruptionBudget", "gateway")["spec"]
    percent = int(budget["maxUnavailable"].removesuffix("%"))
    assert 1 <= math.ceil(percent / 100 * autoscaler["minReplicas"]) < autoscaler["minReplicas"]
    assert gateway["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_the_percentage_refers_to_what_the_workers_can_use(
    gateway: Manifest, autoscaler: Manifest
) -> None:
    requested = quantity(container(gateway)["resources"]["requests"]["cpu"])
    assert requested == int(environment(container(gateway))["PHOTOLABEL_WORKERS"])
    assert Settings.from_manifest(autoscaler).cpu == pytest.approx(0.6)


def test_it_scales_before_all_turns_are_taken(gateway: Manifest, autoscaler: Manifest) -> None:
    assert 0 < (Settings.from_manifest(autoscaler).requests or 0) < handled_at_once(gateway)


def test_model_servers_have_a_thread_for_every_call_of_the_most_gateways(
    gateway: Manifest, autoscaler: Manifest
) -> None:
    surge = int(gateway["strategy"]["rollingUpdate"]["maxSurge"].removesuffix("%"))
    most = math.ceil(autoscaler["maxReplicas"] * (1 + surge / 100))
    server = container(find(build(BUILD), "Deployment", "model-server")["spec"])
    assert int(flags(server)["grpc_max_threads"]) >= 2 * handled_at_once(gateway) * most


def test_the_adapter_makes_the_metric_of_what_the_gateway_exports(
    autoscaler: Manifest, rule: Manifest
) -> None:
    (metric,) = (each["pods"]["metric"] for each in autoscaler["metrics"] if "pods" in each)
    assert metric["name"] == rule["name"]["as"]
    assert rule["seriesQuery"].partition("{")[0] in labels_of_samples()
    assert set(rule["resources"]["overrides"]) == {"namespace", "pod"}


def test_it_is_simulated_with_what_is_shipped(autoscaler: Manifest) -> None:
    (monitor,) = of_kind(build(BUILD), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    shipped = Settings.from_manifest(autoscaler)
    simulated = [each for each in scenarios() if each.autoscaler == shipped]
    assert f"{simulated[0].scrape_seconds:g}s" == endpoint["interval"]


def test_the_adapters_query_counts_the_requests_of_each_pod(rule: Manifest, tmp_path: Path) -> None:
    """As the adapter does, fill in what it asks for; as Prometheus does, evaluate it."""
    query = rule["metricsQuery"].replace("<<.GroupBy>>", "pod")
    query = query.replace("<<.LabelMatchers>>", 'namespace="photolabel",pod=~"a|b"')
    assert "<<" not in query

    def series(metric: str, pod: str, values: str) -> dict[str, str]:
        labels = f'namespace="photolabel",pod="{pod}",container="gateway"'
        return {"series": f"photolabel_requests_{metric}{{{labels}}}", "values": values}

    expected: list[dict[str, Any]] = [
        {"labels": '{pod="a"}', "value": 66},
        {"labels": '{pod="b"}', "value": 4},
    ]
    test = {
        "interval": "15s",
        "input_series": [
            series("in_flight", "a", "0 0 16 16"),
            series("waiting", "a", "0 0 20 50"),
            series("in_flight", "b", "9 9 2 4"),
            series("waiting", "b", "0 0 0 0"),
            series("in_flight", "other", "1 1 1 1"),
            series("waiting", "other", "1 1 1 1"),
        ],
        "promql_expr_test": [{"expr": query, "eval_time": "52s", "exp_samples": expected}],
    }
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "1s", "tests": [test]}))
    command = [tool("promtool"), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
