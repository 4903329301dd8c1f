"""Keras on TensorFlow."""

from contextlib import AbstractContextManager, nullcontext

import keras
import tensorflow as tf

NAME = "TensorFlow"
GPU_HINT = "install tensorflow[and-cuda] (make train does)"

_AHEAD = 2  # Batches that TensorFlow prefetches.


def be_deterministic() -> None:
    """Compute the same bits each time; must be called before anything is computed."""
    tf.config.experimental.enable_op_determinism()


def end_determinism() -> None:
    """Undo `be_deterministic`: otherwise, random operations without a seed fail from then on."""
    from tensorflow.python.framework.config import disable_op_determinism  # Not public yet.

    disable_op_determinism()


def use_cpu() -> None:
    """Use no GPUs."""
    tf.config.set_visible_devices([], "GPU")


def gpus() -> list[str]:
    """Return the name of each GPU, and allocate their memory only as needed."""
    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        tf.config.experimental.set_memory_growth(gpu, True)
    details = [tf.config.experimental.get_device_details(gpu) for gpu in found]
    return [detail.get("device_name") or "GPU" for detail in details]


def spread() -> AbstractContextManager[object]:
    """Return a scope in which a network is replicated on all devices in use."""
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if len(devices) < 2:
        return nullcontext()
    scope: AbstractContextManager[object] = tf.distribute.MirroredStrategy(devices).scope()
    return scope


def replicas() -> int:
    """Return the number of devices that share each batch, within such a scope; otherwise 1."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def to_dataset(batches: keras.utils.PyDataset, *, parallel: bool = True) -> tf.data.Dataset:
    """Return the batches of an epoch in the form that is best for Keras's `fit`.

    With `parallel`, batches are fetched while the network is fitted to those before.

    Keras builds nearly the same data set, but with autotuning: then the end of every epoch waits up
    to half a second for the tuning thread.
    """
    sample = batches[0]
    signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in sample)
    dataset = tf.data.Dataset.from_generator(
        lambda: (batches[index] for index in range(len(batches))), output_signature=signature
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    counted = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return (counted.prefetch(_AHEAD) if parallel else counted).with_options(options)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that a device is out of memory."""
    return isinstance(error, tf.errors.ResourceExhaustedError)
