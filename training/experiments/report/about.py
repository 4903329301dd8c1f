"""What it takes to repeat an experiment: command, code, data, machine, seeds and versions."""

import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from training.backends import backend_name
from training.publishing.card import circumstances
from training.runs.identity import package_versions

_GPUS = Path("/proc/driver/nvidia/gpus")
_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*:)\S+(?=@)|([?&]password=)[^\s&']+")


@dataclass(frozen=True)
class About:
    """How an experiment was made; what is unknown is empty.

    Attributes:
        title: of the experiment.
        command: shell line that repeats it, without passwords.
        commit: git commit of the code, and whether files differ from it.
        data: SHA-256 (hexadecimal) of the photos.
        machine: cores, processor and GPUs.
        seeds: of the training runs.
        began: when it began, ISO 8601.
        seconds: how long it took.
        versions: of Python and of the packages that compute.
    """

    title: str
    command: str = ""
    commit: str = ""
    data: str = ""
    machine: str = ""
    seeds: tuple[int, ...] = ()
    began: str = ""
    seconds: float | None = None
    versions: dict[str, str] = field(default_factory=dict)


def about(
    title: str,
    *,
    data_digest: str = "",
    seeds: Sequence[int] = (),
    device: str = "",
    began: datetime | None = None,
    seconds: float | None = None,
) -> About:
    """Describe an experiment on this machine, by the command that runs now.

    Args:
        title: of the experiment.
        data_digest: SHA-256 of the photos.
        seeds: of its training runs.
        device: that it computed on, if it is known; otherwise all GPUs of the machine are named.
        began: when it began; an hour without a time zone is local. Without it: now.
        seconds: how long it took. Without it: the time since `began`, if that is given.

    Raises:
        TrainingError: the backend of Keras is unknown or not installed.
    """
    facts = circumstances(device)
    if began is not None and seconds is None:
        seconds = (datetime.now(UTC) - began.astimezone(UTC)).total_seconds()
    return About(
        title=title,
        command=_command(),
        commit=_commit(facts["commit"]),
        data=data_digest,
        machine=_machine(facts["hardware"]["processor"], device),
        seeds=tuple(seeds),
        began=(began or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        versions={"python": facts["python"], **package_versions(backend_name())},
    )


def _command() -> str:
    """Return the command of this process; empty if it is another program, such as a notebook."""
    program = Path(sys.argv[0])
    if program.parts[-2:] != ("training", "__main__.py"):
        return ""
    return _PASSWORD.sub(r"\1\2***", f"python -m training {shlex.join(sys.argv[1:])}".rstrip())


def _commit(commit: str | None) -> str:
    if not commit:
        return ""
    return f"{commit[:-1]} (dirty: files differ from it)" if commit.endswith("+") else commit


def _machine(processor: str, device: str) -> str:
    """Describe the machine, without its name."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = "1 core" if available == 1 else f"{available} cores"
    devices = [device] if device not in ("", "CPU") else []
    system = f"{platform.system()} {platform.machine()}"
    return ", ".join((cores, processor, *(devices or ([] if device else _gpus())), system))


def _gpus() -> list[str]:
    """Return the names of the NVIDIA GPUs of this machine, as their driver tells them."""
    files = sorted(_GPUS.glob("*/information"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
