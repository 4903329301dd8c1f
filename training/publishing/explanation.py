"""Signature `explain`: where in a photo the evidence for the predicted class is.

Integrated gradients (Sundararajan, Taly and Yan, 2017, https://arxiv.org/abs/1703.01365) of the
class's log-odds, along the path from a blank photo to the photo. They are taken at an inner feature
map of the network and multiplied with it position by position. This is how Grad-CAM (Selvaraju et
al., 2017, https://arxiv.org/abs/1610.02391) becomes Integrated Grad-CAM (Sattarzadeh et al., 2021,
https://arxiv.org/abs/2102.07805) and HiResCAM (Draelos and Carin, 2020, https://arxiv.org/abs/2011.08891).
At the map of the last convolution they equal Grad-CAM except for the path; for a network without
convolutions the pixels are the map. The alternatives are compared in docs/training.md.
A temperature that depends on the photo has no part in it: it says how sure, not why.
"""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from training.networks.split_for_cam import SplitNetwork, split_for_cam

STEPS = 4
"""Points on the path from the blank photo to the photo where the gradient is taken."""

MAX_ROWS = 12
"""Rows of a heat map: finer maps are averaged in squares."""

Explain = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def explanation(network: keras.Model, preparation: str) -> Explain:
    """Return a function that computes the heat maps of photos.

    It takes `image`, uint8 `[batch, height, width, channels]`, and returns `heat`, float32 `[batch,
    rows, columns]`: 1 at the strongest evidence for the class in a photo, 0 where there is none.
    The blank photo of a garment is black, that of another preparation has the photo's mean colour.
    """
    parts = split_for_cam(network)
    blank = tf.zeros_like if preparation.startswith("garment/") else _mean_colour

    def explain(image: tf.Tensor) -> dict[str, tf.Tensor]:
        end = parts.below(image, training=False)
        start = parts.below(blank(image), training=False)
        gradient = _mean_gradient(parts, start, end)
        evidence = tf.reduce_sum((end - start) * gradient, axis=-1)
        return {"heat": _heat(evidence)}

    return explain


def _mean_colour(image: tf.Tensor) -> tf.Tensor:
    mean = tf.reduce_mean(tf.cast(image, tf.float32), axis=(1, 2), keepdims=True)
    return tf.broadcast_to(tf.cast(tf.round(mean), tf.uint8), tf.shape(image))


def _mean_gradient(parts: SplitNetwork, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Return the gradient of the predicted class's log-odds, averaged from start to end."""
    classes = tf.argmax(_logits(parts, end), axis=-1)
    shares = (tf.range(STEPS, dtype=tf.float32) + 0.5) / STEPS
    path = start + tf.reshape(shares, (-1, 1, 1, 1, 1)) * (end - start)
    # All steps as one batch: the first of each photo, then the second of each, and so on.
    maps = tf.reshape(path, tf.concat([[-1], tf.shape(end)[1:]], axis=0))
    maps = tf.ensure_shape(maps, (None, *end.shape[1:]))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(maps)
        odds = _log_odds(_logits(parts, maps), tf.tile(classes, [STEPS]))
    return tf.reduce_mean(tf.reshape(tape.gradient(odds, maps), tf.shape(path)), axis=0)


def _logits(parts: SplitNetwork, maps: tf.Tensor) -> tf.Tensor:
    """Return the logits, `[batch, classes]`; a single sigmoid's as two columns."""
    features = parts.above(maps, training=False)
    logits = tf.matmul(features, tf.convert_to_tensor(parts.last.kernel))
    if parts.last.use_bias:
        logits += parts.last.bias
    return logits if parts.last.units > 1 else tf.concat([-logits, logits], axis=-1)


def _log_odds(logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """Return the log-odds of a class against all others together, `[batch]`."""
    chosen = tf.one_hot(classes, logits.shape[-1], on_value=True, off_value=False, dtype=tf.bool)
    none = tf.fill(tf.shape(logits), tf.float32.min)
    others = tf.reduce_logsumexp(tf.where(chosen, none, logits), axis=-1)
    return tf.reduce_sum(tf.where(chosen, logits, 0.0), axis=-1) - others


def _heat(evidence: tf.Tensor) -> tf.Tensor:
    """Return the positive evidence in coarse cells, scaled to a maximum of 1 in each photo."""
    side = _side(*evidence.shape[1:3])
    cells = tf.nn.avg_pool2d(evidence[..., tf.newaxis], side, side, "SAME")[..., 0]
    hot = tf.nn.relu(cells)
    return tf.math.divide_no_nan(hot, tf.reduce_max(hot, axis=(1, 2), keepdims=True))


def _side(rows: int, columns: int) -> int:
    """Return the side of the squares that a map is averaged in; if possible, none is cut off."""
    least = math.ceil(max(rows, columns) / MAX_ROWS)
    whole = (side for side in range(least, 2 * least + 1) if not (rows % side or columns % side))
    return next(whole, least)
