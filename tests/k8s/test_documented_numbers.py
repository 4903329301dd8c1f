"""Numbers of the manifests that docs/kubernetes.md repeats are those of the manifests."""

import re
from pathlib import Path

import yaml
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from tests.k8s.manifests import (
    K8S,
    ROOT,
    Manifest,
    build,
    environment,
    find,
    flags,
    kustomize,
    of_kind,
    pods,
    probe_seconds,
    quantity,
)

DOCUMENT = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.M | re.S)
PROSE = re.sub(r"^```.*?^```$", "", DOCUMENT, flags=re.M | re.S)
# Sections about training, whose numbers are those of data sets and of training itself.
TRAINING = re.compile(r"^## (Train|Sweeps) in the cluster$.*?(?=^## )", re.M | re.S)
NUMBER = re.compile(r"\b\d[\d.]*(?: (?:s|minutes|hours|replicas?|versions of)\b|m\b| ?[MGT]i?B?\b)")
# Numbers that were measured, or that are TensorFlow's and gRPC's own.
NOT_OF_THE_MANIFESTS = ["every 32 s after a minute (measured)"]


def _deployment(name: str, workload: str) -> Manifest:
    return dict(find(build(name), "Deployment", workload)["spec"])


def _container(name: str, workload: str) -> Manifest:
    return dict(_deployment(name, workload)["template"]["spec"]["containers"][0])


def _start_minutes(name: str, workload: str) -> int:
    return probe_seconds(_container(name, workload)["startupProbe"]) // 60


def _deadline_minutes(name: str) -> int:
    deployments = of_kind(build(name), "Deployment")
    seconds = (int(each["spec"].get("progressDeadlineSeconds", 600)) for each in deployments)
    return max(seconds) // 60


def _grace(name: str, workload: str) -> int:
    return int(_deployment(name, workload)["template"]["spec"]["terminationGracePeriodSeconds"])


def _limit(name: str, workload: str) -> str:
    return str(_container(name, workload)["resources"]["limits"]["memory"])


def _requested(name: str, resource: str) -> float:
    containers = [each for _, pod in pods(build(name)) for each in pod["spec"]["containers"]]
    return sum(quantity(each["resources"]["requests"][resource]) for each in containers)


def _storage(name: str, claim: str) -> str:
    spec = find(build(name), "PersistentVolumeClaim", claim)["spec"]
    return str(spec["resources"]["requests"]["storage"])


def facts() -> list[str]:
    """Return what the document has to say, with the numbers of the manifests."""
    gateway = environment(_container("gpu", "gateway"))
    polls = flags(_container("gpu", "model-server"))
    return [
        f"With the cpu overlay, {_deadline_minutes('cpu')} minutes are enough",
        f"model servers {_start_minutes('cpu', 'model-server')} minutes on CPUs and "
        f"{_start_minutes('gpu', 'model-server')} on GPUs, and gateways, which wait for every "
        f"model, {_start_minutes('cpu', 'gateway')} and {_start_minutes('gpu', 'gateway')}.",
        f"{_requested('kind', 'cpu') * 1000:.0f}m of a CPU and "
        f"{_requested('kind', 'memory') / 2**20:.0f}Mi of memory requested in all, "
        f"and a volume of {_storage('kind', 'models')}",
        f"**gateway**: {_deployment('gpu', 'gateway')['replicas']} replicas",
        f"for {gateway['PHOTOLABEL_DRAIN_DELAY']} s (`PHOTOLABEL_DRAIN_DELAY`)",
        f"within {gateway['PHOTOLABEL_DRAIN_SECONDS']} s (`PHOTOLABEL_DRAIN_SECONDS`)",
        f"{_grace('gpu', 'gateway')} s after the signal it is killed",
        f"TensorFlow Serving, {_deployment('gpu', 'model-server')['replicas']} replica.",
        f"its grace period of {_grace('gpu', 'model-server')} s "
        f"({_grace('gpu, many nodes', 'model-server')} s with `many-nodes`)",
        f"The gateway's {_limit('gpu', 'gateway')} are the worst case",
        f"The model server may use {_limit('cpu', 'model-server')}, "
        f"on GPUs {_limit('gpu', 'model-server')}.",
        f"| `models` | {_storage('gpu', 'models')} |",
        f"| `data` | {_storage('data', 'data')} |",
        f"| `cuda-cache` | {_storage('gpu', 'cuda-cache')} |",
        f"TensorFlow Serving polls every {polls['file_system_poll_wait_seconds']} s",
        f"reads the file again every {polls['model_config_file_poll_wait_seconds']} s",
        f"keeps the last {_deployment('gpu', 'gateway')['revisionHistoryLimit']} versions of",
    ]


def test_every_number_is_that_of_the_manifests() -> None:
    assert [fact for fact in facts() if fact not in PROSE] == []


def test_no_number_is_left_unchecked() -> None:
    rest = TRAINING.sub("", PROSE)
    for checked in [*facts(), *NOT_OF_THE_MANIFESTS]:
        rest = rest.replace(checked, "")
    lines = [line for line in rest.splitlines() if NUMBER.search(line)]
    assert lines == [], "add what they say to facts()"


def test_waiting_for_a_roll_out_takes_as_long_as_it_may() -> None:
    waits = 0
    overlay = "gpu"
    for _, text in BLOCKS:
        applied = re.search(r"apply -k k8s/overlays/(\w+)", text)
        overlay = applied[1] if applied else overlay
        for minutes in re.findall(r"rollout status .*--timeout=(\d+)m$", text, re.M):
            assert int(minutes) == _deadline_minutes(overlay), text
            waits += 1
    assert waits >= 4
    assert "rollout status" not in re.sub(r"rollout status \S+ --timeout=\d+m", "", str(BLOCKS))


def test_both_deployments_keep_as_many_versions() -> None:
    for name in ("cpu", "gpu"):
        limits = {
            each["spec"]["revisionHistoryLimit"] for each in of_kind(build(name), "Deployment")
        }
        assert limits == {_deployment("gpu", "gateway")["revisionHistoryLimit"]}


def test_the_documented_model_config_holds_all_models_of_the_shipped_one() -> None:
    (text,) = (text for form, text in BLOCKS if form == "text" and "model_config_list" in text)
    written = text_format.Parse(text, ModelServerConfig()).model_config_list.config
    shipped = text_format.Parse((K8S / "base" / "models.config").read_text(), ModelServerConfig())
    assert list(written)[:-1] == list(shipped.model_config_list.config)


def test_the_documented_images_are_those_of_the_component() -> None:
    (text,) = (text for form, text in BLOCKS if form == "yaml" and text.startswith("images:"))
    component = yaml.safe_load((K8S / "components/images/kustomization.yaml").read_text())
    names = [image["name"] for image in component["images"]]
    written = yaml.safe_load(text)["images"]
    assert [image["name"] for image in written] == names, "it invites replacing the list"
    last = "photolabel-seed"
    assert names[-1] == written[-1]["name"] == last, "or photolabel-serve would apply to it too"


def test_the_documented_overlay_builds(tmp_path: Path) -> None:
    (text,) = (text for form, text in BLOCKS if form == "yaml" and "kind: Kustomization" in text)
    folder = tmp_path / "overlay"
    folder.mkdir()
    (folder / "photolabel").symlink_to(ROOT)
    (folder / "kustomization.yaml").write_text(text)
    written = yaml.safe_load(text)
    assert (
        find(kustomize(folder), "Deployment", "gateway")["metadata"]["namespace"]
        == written["namespace"]
    )


def test_the_command_that_keeps_the_models_removes_everything_else() -> None:
    (command,) = re.findall(r"delete (\S+) --selector=(\S+)$", DOCUMENT, re.M)
    kinds, selector = command[0].split(","), dict([command[1].split("=")])
    for name in ("cpu", "gpu", "gpu, many nodes"):
        for manifest in build(name):
            kept = manifest["kind"] in ("Namespace", "PersistentVolumeClaim")
            assert (manifest["kind"].lower() in kinds) != kept
            assert kept or selector.items() <= manifest["metadata"]["labels"].items()
