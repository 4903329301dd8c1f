"""make train-k8s: the Jobs that it makes, and the mistakes that it refuses."""

import io
import re
from pathlib import Path

import pytest

from tests.k8s.jobs import argument, created, only_container, train_k8s
from tests.k8s.manifests import Manifest, build, kubernetes_validate
from training.__main__ import main

OWN = ("RECIPE=images-mobilenet", "DATA=holidays/flowers", "NAME=Flowers_2")


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("venv")


@pytest.fixture(scope="module")
def defaults(venv: Path) -> list[Manifest]:
    return created(venv)


@pytest.fixture(scope="module")
def own(venv: Path) -> Manifest:
    settings = ("SET=epochs=3 head.units=64", "SEED=4", "FRESH=1", "DEVICE=cpu")
    (job,) = created(venv, *OWN, *settings)
    return job


def test_every_model_gets_a_job_with_a_generated_name(defaults: list[Manifest]) -> None:
    assert [job["metadata"].get("name") for job in defaults] == [None, None]
    prefixes = [job["metadata"]["generateName"] for job in defaults]
    assert prefixes == ["train-clothing-", "train-cats-dogs-"]


def test_the_job_differs_from_the_manifest_only_in_what_is_trained(
    defaults: list[Manifest],
) -> None:
    for job in defaults:
        (written,) = build("training")
        container, before = only_container(job), only_container(written)
        model = job["metadata"]["generateName"].removeprefix("train-").removesuffix("-")
        others = [each for each in before["args"] if each not in ("--default-of", "clothing")]
        assert container.pop("args") == [*others, f"--default-of={model}"]
        assert container == {name: value for name, value in before.items() if name != "args"}
        assert job["metadata"]["namespace"] == written["metadata"]["namespace"]
        assert job["metadata"]["labels"] == written["metadata"]["labels"]


def test_any_recipe_is_trained_on_a_folder_of_the_volume(own: Manifest) -> None:
    container = only_container(own)
    said = container["args"][container["args"].index("images-mobilenet") :]
    assert said == [
        *("images-mobilenet", "--photos", "/data/holidays/flowers", "--name", "Flowers_2"),
        *("--set", "epochs=3", "--set", "head.units=64", "--seed", "4"),
    ]
    assert argument(container, "--device") == "cpu"
    assert own["metadata"]["generateName"] == "train-flowers-2-"


def test_a_fresh_run_is_continued_by_the_pods_of_its_job_only(own: Manifest) -> None:
    container = only_container(own)
    assert "--fresh" not in container["args"], "a pod that replaces another would begin again"
    assert argument(container, "--runs") == "/data/fresh-runs/$(JOB_NAME)"
    (name,) = (each for each in container["env"] if each["name"] == "JOB_NAME")
    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}}


def test_generated_jobs_are_valid(defaults: list[Manifest], own: Manifest) -> None:
    validator = kubernetes_validate()
    versions = validator.utils.all_versions()
    for job in (*defaults, own):
        for version in (versions[0], versions[-1]):
            validator.validate(job, version, strict=True)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (["MODEL=clothing shoes"], "there is no model 'shoes'; there are clothing, cats-dogs"),
        (["DEVICE=tpu"], "DEVICE is gpu or cpu, not tpu"),
    ],
)
def test_nothing_is_created_by_a_wrong_command(
    venv: Path, variables: list[str], message: str
) -> None:
    done = train_k8s(venv, *variables)
    assert done.returncode != 0
    assert done.stdout == ""
    assert message in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["clothing-slow"], "there is no recipe 'clothing-slow'"),
        (["clothing-fast", "--set", "epochs=many"], "epochs is a whole number"),
        (["clothing-fast", "--set", "epoch=3"], "clothing-fast has no setting 'epoch'"),
        (["images-mobilenet", "--name", "flowers"], "needs the folder of your photos"),
        (["images-mobilenet", "--photos", "flowers"], "needs the name of the model"),
        (["images-mobilenet", "--photos", "../x", "--name", "x"], "is not a folder on the volume"),
        (["images-mobilenet", "--photos=/x", "--name", "x"], "is not a folder on the volume"),
        (["images-mobilenet", "--photos", "x", "--name", "a/b"], "a model's name has letters"),
        (["clothing-fast", "--name", "x"], "--name is for your own photos"),
        (["clothing-fast", "--models=/x"], "--models is set in the manifest"),
        (["clothing-fast", "--tolerance", "200"], "--tolerance is 0 to 100 points"),
        (["recipe.py"], "a Job has the recipes of its image only"),
        (["--from", "clothing/1"], "give a RECIPE"),
    ],
)
def test_what_a_pod_would_refuse_is_refused_before(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    _as_input(monkeypatch, _MANIFEST)
    assert main(["job", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "a: [", "kind: Job\n", "a: 1\n---\nb: 2\n"])
def test_another_manifest_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    _as_input(monkeypatch, text)
    assert main(["job", "clothing-fast"]) == 2
    assert "is not the manifest of the training Job" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a" * 64, "1", "X_-.", "under_score.and-more-" * 3])
def test_names_are_valid_however_long_the_models_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _as_input(monkeypatch, _MANIFEST)
    assert main(["job", "images-mobilenet", "--photos", "x", "--name", name]) == 0
    (line,) = re.findall(r"generateName: (.*)", capsys.readouterr().out)
    job = f"{line}x7k2p"
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", job)
    assert len(f"{job}-x7k2p") <= 63, "the name of a pod"


def test_kubernetes_replaces_nothing_in_what_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _as_input(monkeypatch, _MANIFEST)
    assert main(["job", "images-mobilenet", "--photos", "$(HOME)", "--name", "x"]) == 0
    assert "- /data/$$(HOME)\n" in capsys.readouterr().out


_MANIFEST = """
metadata: {name: train}
spec: {template: {spec: {containers: [{args: [run, --device, gpu, --runs, /data/runs]}]}}}
"""


def _as_input(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
