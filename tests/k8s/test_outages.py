"""The story of each outage in Prometheus's time: which alerts fire, and that they stay.

`promtool` runs the files in `outages/` (Debian's package prometheus). And the pod that restores
models, on the page about outages.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.k8s.manifests import K8S, build, find, kubernetes_validate, tool

STORIES = sorted(Path(__file__).with_name("outages").glob("*.yaml"))
SHORT = Path(__file__).with_name("outages") / "one_model_gone.yaml"
ALERTS = K8S / "components" / "monitoring" / "alerts.yaml"


def rules() -> dict[str, Any]:
    """Return the alert rules as the file that a Prometheus without the operator reads."""
    spec: dict[str, Any] = yaml.safe_load(ALERTS.read_text("utf-8"))["spec"]
    return spec


def promtool(story: Path, rules: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules), "utf-8")
    command = [tool("promtool"), "test", "rules", str(shutil.copy(story, folder))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_the_right_alerts_fire_and_stay(story: Path, tmp_path: Path) -> None:
    done = promtool(story, rules(), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_never_fires_would_be_noticed(tmp_path: Path) -> None:
    broken = rules()
    for group in broken["groups"]:
        for rule in group["rules"]:
            rule["expr"] = f"({rule['expr']}) unless on () vector(0)"
    assert promtool(SHORT, broken, tmp_path).returncode != 0


def test_every_alert_fires_in_one_story_and_not_in_another() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for story in STORIES:
        for test in yaml.safe_load(story.read_text("utf-8"))["tests"]:
            for case in test["alert_rule_test"]:
                (fires if case["exp_alerts"] else silent).add(case["alertname"])
    alerts = {rule["alert"] for group in rules()["groups"] for rule in group["rules"]}
    assert fires == silent == alerts


def test_the_pod_that_restores_models_is_valid_and_as_restricted_as_others() -> None:
    page = (K8S.parent / "docs" / "outages.md").read_text("utf-8")
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.S)
    pod = yaml.safe_load(text)
    validator = kubernetes_validate()
    validator.validate(pod, validator.latest_version(), strict=True)
    loader = find(build("data"), "Job", "data-loader")["spec"]["template"]["spec"]
    [container], [theirs] = pod["spec"]["containers"], loader["containers"]
    assert container["securityContext"] == theirs["securityContext"]
    assert container["command"] == theirs["command"]
    assert loader["securityContext"].items() >= pod["spec"]["securityContext"].items()
    # Where its volume is: on any node with a taint of a pool, for the processors of its image.
    assert pod["spec"]["nodeSelector"] == loader["nodeSelector"]
    assert pod["spec"]["tolerations"] == [{"operator": "Exists", "effect": "NoSchedule"}]
    # The account that has the Secret of a private registry.
    assert find(build("cpu, private registry"), "ServiceAccount", pod["spec"]["serviceAccountName"])
    claim = pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert find(build("cpu"), "PersistentVolumeClaim", claim)
