"""The devices that a run uses: an idle GPU is never silently ignored."""

import shutil
import subprocess
from dataclasses import dataclass

from training.backends import Backend, current
from training.errors import TrainingError


@dataclass(frozen=True)
class Devices:
    """The devices that a run computes on, by their names."""

    backend: Backend
    names: tuple[str, ...]

    @property
    def are_gpus(self) -> bool:
        """Whether they are GPUs."""
        return self.names != ("CPU",)

    def __str__(self) -> str:
        """Return the names of the devices, equal ones counted: `2 × NVIDIA H200`."""
        counts = {name: self.names.count(name) for name in self.names}
        return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())


def choose_devices(wanted: str, *, deterministic: bool = False) -> Devices:
    """Configure the backend to use the requested devices: `cpu`, `gpu`, or `auto`, GPUs if any.

    With `deterministic`, the backend computes the same bits each time.

    Raises:
        TrainingError: a GPU is requested or in the machine, but the backend sees none; or the
            backend is unknown.
    """
    backend = current()
    if deterministic:
        backend.be_deterministic()
    if wanted == "cpu":
        backend.use_cpu()
        return Devices(backend, ("CPU",))
    names = backend.gpus()
    if not names and (wanted == "gpu" or _nvidia_gpus()):
        present = "an NVIDIA GPU is in this machine but" if _nvidia_gpus() else "--device gpu:"
        raise TrainingError(
            f"{present} {backend.NAME} sees no GPU; {backend.GPU_HINT}, or pass --device cpu"
        )
    return Devices(backend, tuple(names) or ("CPU",))


def _nvidia_gpus() -> bool:
    tool = shutil.which("nvidia-smi")
    if not tool:
        return False
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout
