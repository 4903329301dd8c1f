"""Which devices a run uses; never a silent run on the processor beside an idle GPU."""

import shutil
import subprocess
from dataclasses import dataclass

from training.backends import Backend, current
from training.errors import TrainingError


@dataclass(frozen=True)
class Devices:
    """What a run computes on.

    Attributes:
        backend: what Keras computes with.
        names: of each device of the kind that is used.
    """

    backend: Backend
    names: tuple[str, ...]

    def __str__(self) -> str:
        """Name the devices, equal ones once: `2 × NVIDIA H200`."""
        counts = {name: self.names.count(name) for name in self.names}
        return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())


def choose_devices(wanted: str, *, deterministic: bool = False) -> Devices:
    """Let the backend use what is wanted.

    Args:
        wanted: `cpu`, `gpu`, or `auto`: GPUs where there are some.
        deterministic: whether the same bits have to be computed each time.

    Raises:
        TrainingError: a GPU is wanted or in the machine, and the backend sees none; or there is no
            such backend.
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
    """Whether NVIDIA's own tool lists a GPU."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return False
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout
