"""Which devices a run uses; never a silent run on the processor beside an idle GPU."""

import shutil
import subprocess

from training.errors import TrainingError

DEVICES = ("auto", "cpu", "gpu")


def choose_device(wanted: str) -> str:
    """Let TensorFlow use what is wanted, and say in words what that is.

    Args:
        wanted: `cpu`, `gpu`, or `auto`: GPUs where there are some.

    Raises:
        TrainingError: a GPU is wanted or in the machine, and TensorFlow sees none.
    """
    import tensorflow as tf

    if wanted == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return "CPU"
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus and (wanted == "gpu" or _nvidia_gpus()):
        present = "an NVIDIA GPU is in this machine but" if _nvidia_gpus() else "--device gpu:"
        raise TrainingError(
            f"{present} TensorFlow sees no GPU; install tensorflow[and-cuda] (make train does), or"
            " pass --device cpu"
        )
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    return ", ".join(name or "GPU" for name in names) or "CPU"


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
