"""What the pods of the training Job run, with folders in place of its volumes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.k8s.jobs import created, only_container
from tests.k8s.manifests import ROOT, Manifest, build, find
from training.errors import Preempted

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not os.environ.get("REQUIRE_K8S_TOOLS"), reason="takes half a minute: make test-k8s runs it"
    ),
]

TIMEOUT_SECONDS = 180
SETTINGS = "epochs=4 batch_size=20 learning_rate=0.01"


@pytest.fixture
def volumes(tmp_path: Path) -> dict[str, Path]:
    """Return folders in place of what the pods mount: 300 photos, and the ConfigMap as shipped."""
    folders = {
        "/data": tmp_path / "data",
        "/models": tmp_path / "models",
        "/etc/photolabel/models": tmp_path / "config",
        "/dev": tmp_path / "dev",
    }
    for folder in folders.values():
        folder.mkdir()
    (config,) = find(build("cpu"), "ConfigMap", "models")["data"].items()
    (folders["/etc/photolabel/models"] / config[0]).write_text(config[1])
    random = np.random.default_rng(0)
    for label, bar in (("lying", np.s_[8:14, 2:26]), ("standing", np.s_[2:26, 8:14])):
        (folders["/data"] / "bars" / label).mkdir(parents=True)
        for number in range(150):
            pixels = random.integers(0, 60, (28, 28), np.uint8)
            pixels[bar] = 230
            Image.fromarray(pixels).save(folders["/data"] / "bars" / label / f"{number}.png")
    return folders


@contextmanager
def started(container: Manifest, volumes: dict[str, Path]) -> Iterator[subprocess.Popen[str]]:
    """Start what a pod of the Job runs, with its arguments and environment."""

    def here(text: str) -> str:
        for mount, folder in volumes.items():
            if text == mount or text.startswith(f"{mount}/"):
                return f"{folder}{text.removeprefix(mount)}"
        return text

    set_here = {each["name"]: here(each["value"]) for each in container["env"]}
    with subprocess.Popen(
        [sys.executable, "-m", "training", *map(here, container["args"])],
        cwd=ROOT,
        env={**os.environ, **set_here, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_evicted_pod_is_continued_by_the_next_which_publishes(
    tmp_path: Path, volumes: dict[str, Path]
) -> None:
    what = ("RECIPE=clothing-dense128-adam", "DATA=bars", "NAME=bars", f"SET={SETTINGS}")
    (job,) = created(tmp_path / "venv", *what, "DEVICE=cpu")
    container = only_container(job)
    message = volumes["/dev"] / "termination-log"

    with started(container, volumes) as evicted:
        assert evicted.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("epoch 1/"):
            lines.append(evicted.stdout.readline())
            assert evicted.poll() is None, "".join(lines)
        evicted.send_signal(signal.SIGTERM)
        rest, _ = evicted.communicate(timeout=TIMEOUT_SECONDS)
    assert evicted.returncode == Preempted.exit_status, rest
    assert message.read_text() == "terminated"
    assert not list(volumes["/models"].glob("bars/[0-9]*"))

    with started(container, volumes) as second:
        output, _ = second.communicate(timeout=TIMEOUT_SECONDS)
    assert second.returncode == 0, output
    assert "epoch 1/" not in output, "it began again"
    assert "epoch 4/4" in output
    version = volumes["/models"] / "bars" / "1"
    assert (version / "saved_model.pb").is_file()
    assert message.read_text() == f"published as {version}, test 100.00%"
