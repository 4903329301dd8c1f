"""The weights of a published version, by the names that its network has given them."""

from pathlib import Path
from typing import Any

import numpy as np

from training.errors import TrainingError


def published_weights(version: Path, card: dict[str, Any]) -> dict[str, np.ndarray]:
    """Read the weights of the network in a published version, as they were before calibration.

    Args:
        version: its folder.
        card: its model card.

    Returns:
        Arrays by Keras's path, `<layer>/<weight>`: the normalisation is folded.

    Raises:
        TrainingError: TensorFlow is not installed, or the weights can't be read.
    """
    try:
        import tensorflow as tf
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"the weights of {version} can only be read where TensorFlow is installed"
        ) from error
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    try:
        reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
        graph = TrackableObjectGraph.FromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
        named = {each.full_name: each.checkpoint_key for n in graph.nodes for each in n.attributes}
        # Those of the recognizer are of no layer.
        found = {name: reader.get_tensor(key) for name, key in named.items() if "/" in name}
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(f"cannot read the weights of {version} ({reason})") from error
    temperature = (card.get("calibration") or {}).get("temperature", 1.0)
    last = [name for name in found if name.partition("/")[0] in ("probabilities", "probability")]
    return found | {name: found[name] * np.float32(temperature) for name in last}
