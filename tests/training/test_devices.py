from pathlib import Path

import pytest
import tensorflow as tf

from training.devices import choose_devices
from training.errors import TrainingError


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])


def nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """Put a program of NVIDIA's name first in the search path."""
    program = folder / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_it_is_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert str(choose_devices("auto")) == "CPU"
    assert str(choose_devices("cpu")) == "CPU"


@pytest.mark.usefixtures("no_gpu")
def test_a_wanted_gpu_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TrainingError, match="--device gpu: TensorFlow sees no GPU; install "):
        choose_devices("gpu")


@pytest.mark.usefixtures("no_gpu")
def test_there_is_no_silent_run_on_the_processor_beside_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, "GPU 0: NVIDIA H200 (UUID: GPU-1)")

    for wanted in ("auto", "gpu"):
        with pytest.raises(TrainingError, match=r"in this machine .* or pass --device cpu"):
            choose_devices(wanted)
    assert str(choose_devices("cpu")) == "CPU"


@pytest.mark.usefixtures("no_gpu")
def test_nvidias_program_without_a_gpu_does_not_stop_a_run(
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
