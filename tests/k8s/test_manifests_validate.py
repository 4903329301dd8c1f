"""Every manifest is valid by the oldest and the newest Kubernetes that it is for."""

import copy
from typing import Any

import pytest

from tests.k8s.manifests import BUILDS, build, find, kubernetes_validate

# Not part of Kubernetes: the Prometheus Operator and the Gateway API have their schemas.
FOREIGN = {"monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1"}

# Retries of each pod by itself are not in older ones.
OLDEST = {"experiments": "1.29"}


@pytest.fixture(scope="module")
def validator() -> Any:
    return kubernetes_validate()


@pytest.mark.parametrize("age", ["oldest", "newest"])
@pytest.mark.parametrize("name", BUILDS)
def test_every_object_is_valid(validator: Any, name: str, age: str) -> None:
    versions = validator.utils.all_versions()
    version = OLDEST.get(name, versions[0]) if age == "oldest" else versions[-1]
    manifests = build(name)
    assert manifests
    for manifest in manifests:
        if manifest["apiVersion"] in FOREIGN:
            continue
        validator.validate(manifest, version, strict=True)


def test_a_misspelled_field_is_found(validator: Any) -> None:
    gateway = copy.deepcopy(find(build("gpu"), "Deployment", "gateway"))
    gateway["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(validator.ValidationError, match="readynessProbe"):
        validator.validate(gateway, validator.latest_version(), strict=True)
