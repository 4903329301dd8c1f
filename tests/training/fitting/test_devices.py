import importlib.util
import re
from pathlib import Path

import pytest
import tensorflow as tf

from training.backends import current
from training.errors import TrainingError
from training.fitting.devices import Devices, choose_devices


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])


def nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """Put a fake `nvidia-smi` first in PATH."""
    program = folder / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_the_cpu_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert str(choose_devices("auto")) == "CPU"
    assert str(choose_devices("cpu")) == "CPU"


@pytest.mark.usefixtures("no_gpu")
def test_a_requested_gpu_that_is_missing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TrainingError, match="--device gpu: TensorFlow sees no GPU; install "):
        choose_devices("gpu")


@pytest.mark.integration
@pytest.mark.usefixtures("no_gpu")
def test_a_machine_with_an_unusable_gpu_does_not_silently_use_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, "GPU 0: NVIDIA H200 (UUID: GPU-1)")

    for wanted in ("auto", "gpu"):
        with pytest.raises(TrainingError, match=r"in this machine .* or pass --device cpu"):
            choose_devices(wanted)
    assert str(choose_devices("cpu")) == "CPU"


@pytest.mark.integration
@pytest.mark.usefixtures("no_gpu")
def test_nvidia_smi_without_a_gpu_does_not_stop_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, "No devices were found")

    assert str(choose_devices("auto")) == "CPU"


def test_gpus_are_named_and_grow_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    grown: list[str] = []
    config = tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: ["first", "second"])
    monkeypatch.setattr(
        config.experimental, "set_memory_growth", lambda gpu, grow: grown.append(gpu)
    )
    monkeypatch.setattr(
        config.experimental, "get_device_details", lambda gpu: {"device_name": f"NVIDIA {gpu}"}
    )

    assert str(choose_devices("auto")) == "NVIDIA first, NVIDIA second"
    assert grown == ["first", "second"]


def test_equal_gpus_are_counted() -> None:
    devices = Devices(current(), ("NVIDIA H200", "NVIDIA H200", "NVIDIA L4"))

    assert str(devices) == "2 × NVIDIA H200, NVIDIA L4"


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("torch", "KERAS_BACKEND must be tensorflow or jax, not 'torch'"),
        ("jax", "jax is not installed: install it, or set KERAS_BACKEND=tensorflow"),
    ],
)
def test_an_unavailable_backend_is_one_line(
    backend: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "jax" else find(name)
    )
    with pytest.raises(TrainingError, match=re.escape(message)):
        choose_devices("auto")
