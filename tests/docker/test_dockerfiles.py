"""The Dockerfiles pass the linter, and what they copy exists."""

import re
import subprocess

import pytest

from tests.k8s.manifests import ROOT, build, pods, tool

DOCKERFILES = ["Dockerfile.serve", "Dockerfile.train"]


def _instructions(dockerfile: str) -> list[list[str]]:
    """Return the words of each instruction, continued lines joined."""
    text = (ROOT / dockerfile).read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_linter_finds_nothing(dockerfile: str) -> None:
    command = [tool("hadolint"), "--no-color", dockerfile]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_copied_files_exist_and_are_not_ignored(dockerfile: str) -> None:
    ignore = (ROOT / ".dockerignore").read_text().split()
    assert "**" in ignore
    not_ignored = {line[1:].rstrip("/") for line in ignore if line.startswith("!")}
    copies = [words for words in _instructions(dockerfile) if words[0] == "COPY"]
    sources = [
        source for words in copies if not words[1].startswith("--from") for source in words[1:-1]
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in not_ignored, source


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_image_runs_as_the_user_of_the_pods(dockerfile: str) -> None:
    # A number, so that Kubernetes can verify that it is not root.
    users = [words[1] for words in _instructions(dockerfile) if words[0] == "USER"]
    security = [pod["spec"]["securityContext"] for _, pod in pods(build("gpu"))]
    expected = {f"{each['runAsUser']}:{each['runAsGroup']}" for each in security}
    assert set(users) == expected


def _arguments(dockerfile: str) -> dict[str, str]:
    """Return the build arguments and their defaults."""
    words = [each[1] for each in _instructions(dockerfile) if each[0] == "ARG"]
    return {name: default for name, _, default in (word.partition("=") for word in words)}


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_every_stage_has_the_same_supported_python(dockerfile: str) -> None:
    bases = {words[1] for words in _instructions(dockerfile) if words[0] == "FROM"}
    assert bases == {"${BASE}"}
    base = _arguments(dockerfile)["BASE"]
    assert f'DEFAULT_BASE = "{base}"' in (ROOT / "docker/build_images.py").read_text()
    version = re.fullmatch(r"docker\.io/library/python:3\.(\d+)-slim-\w+", base)
    assert version
    assert 11 <= int(version[1]) < 14


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_packages_are_installed_by_hash_and_compiled_without_times(dockerfile: str) -> None:
    runs = [" ".join(words) for words in _instructions(dockerfile) if words[0] == "RUN"]
    installs = [run for run in runs if "pip " in run]
    assert installs
    for run in installs:
        assert {"--no-cache-dir", "--require-hashes", ":all:"} <= set(run.split()), run
        assert "--no-compile" in run or "pip download" in run
    # Named only where they compile, so that nothing is compiled with times.
    compiled = " ".join(run for run in runs if "compileall" in run)
    assert compiled.count("compileall") == compiled.count("--invalidation-mode unchecked-hash")
    assert {"/app", "/opt/venv/lib"} <= set(compiled.split())


def test_training_is_built_for_either_device() -> None:
    assert _arguments("Dockerfile.train")["REQUIREMENTS"] == "train-gpu"
    assert (ROOT / "requirements/train.txt").is_file()


def test_heic_is_the_version_that_is_tested() -> None:
    lock = (ROOT / "requirements/heic.txt").read_text()
    assert lock.startswith("pi-heif==")
    assert lock in (ROOT / "requirements/dev.txt").read_text()
