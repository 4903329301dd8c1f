"""Keras on JAX. TensorFlow is not imported and need not be installed."""

import os
from contextlib import AbstractContextManager, nullcontext

import jax
import keras

NAME = "JAX"
GPU_HINT = "install jax[cuda12]"

# Read when JAX first looks for devices: memory of GPUs is allocated only as needed.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

_DETERMINISTIC = "--xla_gpu_deterministic_ops=true"


def be_deterministic() -> None:
    """Compute the same bits each time; must be called before anything is computed.

    On the CPU, JAX always does.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if _DETERMINISTIC not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {_DETERMINISTIC}".strip()


def end_determinism() -> None:
    """Leave it as it is: the flag has been read, and nothing but speed depends on it."""


def use_cpu() -> None:
    """Use no GPUs."""
    jax.config.update("jax_platforms", "cpu")  # type: ignore[no-untyped-call]  # As JAX has it.


def gpus() -> list[str]:
    """Return the name of each GPU."""
    return [device.device_kind for device in jax.devices() if device.platform == "gpu"]


def spread() -> AbstractContextManager[object]:
    """Return a scope in which a network is replicated on all devices in use."""
    if len(jax.devices()) < 2:
        return nullcontext()
    scope: AbstractContextManager[object] = keras.distribution.DataParallel().scope()
    return scope


def replicas() -> int:
    """Return the number of devices that share each batch, within such a scope; otherwise 1."""
    distribution = keras.distribution.distribution()
    return int(distribution.device_mesh.devices.size) if distribution else 1


def to_dataset(batches: keras.utils.PyDataset, *, parallel: bool = True) -> keras.utils.PyDataset:
    """Return the batches of an epoch in the form that is best for Keras's `fit`.

    Keras fetches them one after the other, `parallel` or not.
    """
    return batches


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that a device is out of memory."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
