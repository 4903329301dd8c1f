"""The settings that are compared: those of the manifests, and others."""

from dataclasses import replace
from pathlib import Path

import yaml

from benchmarks.autoscaling.autoscaler import Settings
from benchmarks.autoscaling.pods import Gateway
from benchmarks.autoscaling.simulation import Scenario

_MANIFEST = Path(__file__).parents[2] / "k8s" / "components" / "autoscaling" / "autoscaler.yaml"


def shipped() -> Settings:
    """Return the settings of the component `autoscaling`."""
    return Settings.from_manifest(yaml.safe_load(_MANIFEST.read_text("utf-8"))["spec"])


def scenarios() -> list[Scenario]:
    """Return what is compared, from the least settings to the most."""
    ours = Scenario("the component autoscaling", shipped(), scrape_seconds=5.0)
    return [
        Scenario("base: 2 replicas, no autoscaler"),
        Scenario("CPU 80%, Kubernetes' defaults", Settings(cpu=0.8)),
        Scenario("CPU 60%, the defaults", Settings(cpu=0.6)),
        Scenario("CPU 60%, 8 requests, the defaults", Settings(cpu=0.6, requests=8)),
        ours,
        replace(ours, name="…, 4 replicas at least", autoscaler=replace(shipped(), least=4)),
        replace(ours, name="…, pods start in 10 s", pod_seconds=10.0),
        replace(ours, name="…, pods start in 2 minutes", pod_seconds=120.0),
        Scenario("CPU 80% of 500m, CPUs to spare", Settings(cpu=0.8, most=80), cpu_request=0.5),
        Scenario(
            "CPU 80% of 500m, no CPUs to spare",
            Settings(cpu=0.8, most=80),
            replicas=8,
            cpu_request=0.5,
            gateway=Gateway(cpus=0.5),
        ),
    ]
