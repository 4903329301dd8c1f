"""Builds the images, runs containers as Kubernetes would, and lists the files of an image."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
TAGS = ("test", "test-again")
# As k8s/base runs every container: not root, read-only, no capabilities. On the host's network the
# model server of a test is 127.0.0.1.
RESTRICTED = (
    *("--read-only", "--user", "10001:10001", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--network", "host"),
)
WRITABLE = ("--tmpfs", "/tmp:rw,size=64m,mode=1777")

NAMES = {"serve": "photolabel-serve:{}", "train-cpu": "photolabel-train:{}-cpu"}

Files = dict[str, list[Any]]


@functools.cache
def engine() -> str:
    """Return docker or podman, by the variable ENGINE or whichever `make images` takes."""
    wanted = os.environ.get("ENGINE")
    script = [sys.executable, "docker/build_images.py", "--dry-run", "serve"]
    command = [*script, "--engine", wanted] if wanted else script
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


def name(image: str, tag: str = TAGS[0]) -> str:
    return NAMES[image].format(tag)


@functools.cache
def built(image: str, tag: str = TAGS[0], *flags: str) -> str:
    """Build an image with `make images` and return its name; REUSE=1 takes the last one built."""
    command = ["make", "--no-print-directory", "images", f"IMAGES={image}", f"TAG={tag}"]
    command += [f"{key}={os.environ[key]}" for key in ("ENGINE", "BASE") if os.environ.get(key)]
    given = os.environ.get("BUILD_FLAGS", "")
    command.append(f"BUILD_FLAGS={' '.join([given, '--no-cache', *flags])}")
    used = engine()
    if not (os.environ.get("REUSE") and _exists(used, name(image, tag))):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return name(image, tag)


def _exists(used: str, image: str) -> bool:
    found = subprocess.run([used, "image", "inspect", image], capture_output=True, check=False)
    return found.returncode == 0


def inspect(image: str) -> dict[str, Any]:
    """Return what the engine says about an image."""
    done = run_engine("image", "inspect", image)
    (described,) = json.loads(done.stdout)
    return dict(described)


def run_engine(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the engine's command; fail with its errors."""
    command = [engine(), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


def run_in(image: str, *command: str, given: str | None = None, user: str = "10001") -> str:
    """Run a command in a new container with a read-only root; return its output."""
    program, *arguments = command
    flags = ["--rm", "--interactive", *RESTRICTED, "--user", user, "--entrypoint", program]
    return run_engine("run", *flags, image, *arguments, given=given).stdout


@functools.cache
def files(image: str) -> Files:
    """Return for each file of an image its type and mode, owner, size, and SHA-256 or link."""
    script = Path(__file__).with_name("list_files.py").read_text("utf-8")
    found: Files = json.loads(run_in(image, "python", "-", given=script, user="0"))
    return found


@contextmanager
def gateway_container(image: str, address: str, **settings: str) -> Iterator[tuple[str, str]]:
    """Run the gateway in a container; yield the container's id and the gateway's URL."""
    bind = f"127.0.0.1:{free_port()}"
    variables = {"BIND": bind, "MODEL_SERVER": address, "LOG_FORMAT": "json"} | settings
    flags = [word for k, v in variables.items() for word in ("--env", f"PHOTOLABEL_{k}={v}")]
    started = run_engine("run", "--detach", *RESTRICTED, *WRITABLE, *flags, image)
    name = started.stdout.strip()
    try:
        yield name, f"http://{bind}"
    finally:
        run_engine("rm", "--force", name)
