"""Every manifest is valid by the oldest and the newest Kubernetes that it is for."""

import copy
from typing import Any

import pytest

from tests.k8s.custom_resources import is_custom
from tests.k8s.manifests import BUILDS, ROOT, build, find, kubernetes_validate

# Kubernetes 1.29 is the first with retries of each pod of a sweep by itself.
OLDEST = "1.29"


@pytest.fixture(scope="module")
def validator() -> Any:
    return kubernetes_validate()


@pytest.mark.parametrize("age", ["oldest", "newest"])
@pytest.mark.parametrize("name", BUILDS)
def test_every_object_is_valid(validator: Any, name: str, age: str) -> None:
    version = OLDEST if age == "oldest" else validator.latest_version()
    manifests = build(name)
    assert manifests
    for manifest in manifests:
        if not is_custom(manifest):
            validator.validate(manifest, version, strict=True)


def test_the_versions_are_documented(validator: Any) -> None:
    document = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
    newest = validator.latest_version().removesuffix(".0")
    assert f"Kubernetes {OLDEST}, the oldest one supported, and {newest}" in document


def test_a_misspelled_field_is_found(validator: Any) -> None:
    gateway = copy.deepcopy(find(build("gpu"), "Deployment", "gateway"))
    gateway["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(validator.ValidationError, match="readynessProbe"):
        validator.validate(gateway, validator.latest_version(), strict=True)
