"""`make images`: the commands for each engine, and what it refuses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.k8s.manifests import ROOT

VERSION = "0.1.0"


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    """Return a folder for programs that stand for engines; `git` is there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    git = shutil.which("git")
    assert git
    (folder / "git").symlink_to(git)
    return folder


def install(folder: Path, name: str, status: int = 0) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho called: $0 $*\nexit {status}\n")
    program.chmod(0o755)


def build(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "docker/build_images.py", *arguments],
        cwd=ROOT,
        env={"PATH": str(folder), "HOME": os.environ.get("HOME", "/"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def commands(folder: Path, *arguments: str, **variables: str) -> list[str]:
    done = build(folder, "--dry-run", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_each_engine_builds_both_images(engines: Path, engine: str) -> None:
    install(engines, engine)
    serve, train = commands(engines)
    assert serve.startswith(f"{engine} build --file Dockerfile.serve ")
    assert f"--tag photolabel-serve:{VERSION} ." in serve
    assert f"--tag photolabel-train:{VERSION} ." in train
    assert "REQUIREMENTS=train-gpu" in train


def test_an_unknown_image_is_refused_before_anything_is_built(engines: Path) -> None:
    install(engines, "podman")
    done = build(engines, "serve", "gpu")
    assert done.stdout == ""
    assert done.stderr == "error: there is no image 'gpu'; there are serve, train, train-cpu\n"
    assert done.returncode != 0


def test_an_engine_that_does_not_work_is_passed_over(engines: Path) -> None:
    install(engines, "docker", status=1)  # A client without its service.
    install(engines, "podman")
    assert commands(engines, "serve")[0].startswith("podman build")


def test_no_engine_is_one_line(engines: Path) -> None:
    done = build(engines)
    assert done.returncode == 1
    assert done.stderr == "error: none of docker, podman, buildah works here: install one of them\n"


def test_the_time_is_the_one_that_is_given(engines: Path) -> None:
    install(engines, "podman")
    (command,) = commands(engines, "serve", SOURCE_DATE_EPOCH="1000000000")
    assert "--timestamp 1000000000" in command
    assert "image.created=2001-09-09T01:46:40Z" in command
    install(engines, "docker")
    (command,) = commands(engines, "serve", SOURCE_DATE_EPOCH="1000000000")
    assert "--build-arg SOURCE_DATE_EPOCH=1000000000" in command
    wrong = build(engines, "serve", SOURCE_DATE_EPOCH="today")
    assert wrong.returncode == 1
    assert "SOURCE_DATE_EPOCH='today'" in wrong.stderr


def test_names_base_and_flags_are_passed_on(engines: Path) -> None:
    install(engines, "podman")
    base = "registry.example.com/python:3.12@sha256:0123"
    arguments = ("--base", base, "--tag", "2", "--registry", "registry.example.com/", "--push")
    flags = ("--", "--no-cache", "--build-arg", "HEIC=1")
    built, pushed = commands(engines, "train-cpu", *arguments, *flags)
    name = "registry.example.com/photolabel-train:2-cpu"
    assert f"--build-arg BASE={base} --build-arg REQUIREMENTS=train " in built
    assert f"image.base.name={base} " in built
    assert built.endswith(f"--tag {name} --no-cache --build-arg HEIC=1 .")
    assert pushed == f"podman push {name}"


def test_several_platforms_become_one_name(engines: Path) -> None:
    platforms = ("serve", "--platform", "linux/amd64,linux/arm64", "--push")
    install(engines, "buildah")
    built, pushed = commands(engines, *platforms)
    assert "--platform linux/amd64,linux/arm64 --manifest photolabel-serve" in built
    assert pushed.startswith("buildah manifest push --all photolabel-serve")

    install(engines, "docker")
    (command,) = commands(engines, *platforms)
    assert command.startswith("docker buildx build ")
    assert "--push" in command
    refused = build(engines, *platforms[:-1])
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "PUSH=1" in refused.stderr


def test_a_failed_build_fails(engines: Path) -> None:
    install(engines, "podman", status=3)
    done = build(engines, "serve", "--engine", "podman")
    assert done.returncode == 1
    assert "error: podman ended with status 3" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_images_passes_its_variables_on(engines: Path) -> None:
    variables = [
        "IMAGES=serve",
        "TAG=3",
        "PLATFORM=linux/arm64",
        "REGISTRY=r.example.com",
        "PUSH=1",
    ]
    command = ["make", "--silent", "--dry-run", "images", *variables, "BUILD_FLAGS=--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    script = " ".join(done.stdout.replace("\\\n", " ").split())
    assert (
        "build_images.py serve --platform linux/arm64 --tag 3 --registry r.example.com/" in script
    )
    assert script.endswith("--push -- --no-cache")
