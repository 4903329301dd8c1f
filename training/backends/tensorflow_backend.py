"""Keras on TensorFlow."""

from contextlib import AbstractContextManager, nullcontext

import keras
import tensorflow as tf

NAME = "TensorFlow"
GPU_HINT = "install tensorflow[and-cuda] (make train does)"

_AHEAD = 2  # Batches handed to TensorFlow before they are asked for.


def be_deterministic() -> None:
    """Compute the same bits each time; to be called before anything is computed."""
    tf.config.experimental.enable_op_determinism()


def use_cpu() -> None:
    """Leave GPUs alone."""
    tf.config.set_visible_devices([], "GPU")


def gpus() -> list[str]:
    """Return the name of each GPU, and take their memory only as it is needed."""
    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        tf.config.experimental.set_memory_growth(gpu, True)
    details = [tf.config.experimental.get_device_details(gpu) for gpu in found]
    return [detail.get("device_name") or "GPU" for detail in details]


def spread() -> AbstractContextManager[object]:
    """Return the scope in which a network is spread over all devices of the kind in use."""
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if len(devices) < 2:
        return nullcontext()
    scope: AbstractContextManager[object] = tf.distribute.MirroredStrategy(devices).scope()
    return scope


def replicas() -> int:
    """Return how many devices share each batch, within such a scope; else 1."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def to_dataset(batches: keras.utils.PyDataset) -> tf.data.Dataset:
    """Return what Keras's `fit` takes the batches of an epoch from.

    Keras makes nearly the same of them, but lets TensorFlow tune it, and the end of every epoch
    then waits for the tuning thread: up to half a second.
    """
    sample = batches[0]
    signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in sample)
    dataset = tf.data.Dataset.from_generator(
        lambda: (batches[index] for index in range(len(batches))), output_signature=signature
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    counted = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(_AHEAD).with_options(options)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that a device has too little memory."""
    return isinstance(error, tf.errors.ResourceExhaustedError)
