"""Publishing: a trained network becomes a numbered version, if it survives being read back.

Written aside, reloaded, its warm-up records replayed, its answers compared with those of the
network in memory at two batch sizes; only then renamed into place.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from serving.repository.versions import VersionsError, staged
from training.errors import TrainingError
from training.publishing.explanation import Explain, explanation
from training.publishing.export import CARD, export
from training.publishing.model_folder import GRAPH_BYTES
from training.publishing.warmup import read_warmup
from training.trust.recognition_threshold import Recognizer

TOLERANCE = 1e-5
"""Largest difference of a probability between the exported and the trained network."""

MARGIN = 1e-2
"""Of the threshold: scores nearer to it may fall on either side of it."""

HEAT_TOLERANCE = 1e-2
"""The same of a heat map, which is divided by its largest value: that may be small."""

_BATCH_SIZES = (1, 5)


def publish(
    network: keras.Model, card: dict[str, Any], base: Path, recognizer: Recognizer | None = None
) -> int:
    """Publish a network as the next version.

    Args:
        network: from uint8 pixels to probabilities, float32.
        card: of `training.publishing.card`.
        base: the model's folder; made where missing.
        recognizer: of the same network, where the model is to say what it recognizes.

    Returns:
        The version's number.

    Raises:
        TrainingError: the exported model differs from the network, or the folder cannot be
            written. Nothing has been published then.
    """
    weights = sum(int(np.prod(weight.shape)) for weight in network.weights) * 4
    try:
        with staged(base, needed_bytes=weights + GRAPH_BYTES) as staging:
            _write(network, card, staging.folder, recognizer)
            check(network, card, staging.folder, recognizer)
            return staging.publish()
    except VersionsError as error:
        raise TrainingError(f"not published: {error}") from error


def _write(
    network: keras.Model, card: dict[str, Any], folder: Path, recognizer: Recognizer | None
) -> None:
    try:
        export(network, card, folder, recognizer)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", str(error))
        raise TrainingError(f"not published: cannot write the model ({reason})") from error


def check(
    network: keras.Model, card: dict[str, Any], folder: Path, recognizer: Recognizer | None = None
) -> None:
    """Read an exported model back and compare it with the network that it came from.

    Raises:
        TrainingError: it differs; the message says in what.
    """
    signatures = tf.saved_model.load(str(folder)).signatures
    for record in read_warmup(folder):
        _replay(record.predict_log.request, signatures)
    explain = explanation(network, card["preparation"])
    random = np.random.default_rng(0)
    for batch in _BATCH_SIZES:
        photos = random.integers(0, 256, (batch, *network.input_shape[1:]), np.uint8)
        with _whole_float32():
            _compare_probabilities(network, signatures["serving_default"], photos)
            if recognizer:
                both = np.concatenate([photos, recognizer.examples[:batch]])
                _compare_recognized(recognizer, signatures["serving_default"], both)
        _compare_description(card, signatures["describe"], photos)
        with _whole_float32():
            _compare_heat(explain, signatures["explain"], photos)
    if json.loads((folder / CARD).read_text("utf-8")) != card:
        raise TrainingError(f"not published: {CARD} does not read back as it was written")


@contextmanager
def _whole_float32() -> Iterator[None]:
    """Let a GPU use all bits: its shortcut errs by more than the comparison accepts."""
    config = tf.config.experimental
    before = config.tensor_float_32_execution_enabled()
    config.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        config.enable_tensor_float_32_execution(before)


def _replay(request: Any, signatures: Any) -> None:
    image = tf.constant(tf.make_ndarray(request.inputs["image"]))
    try:
        signatures[request.model_spec.signature_name](image=image)
    except (tf.errors.OpError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(f"not published: a warm-up record fails ({reason})") from error


def _compare_probabilities(network: keras.Model, signature: Any, photos: np.ndarray) -> None:
    expected = network(photos, training=False).numpy()
    found = signature(image=tf.constant(photos))["probabilities"].numpy()
    if found.shape != expected.shape:
        raise TrainingError(
            f"not published: the exported model answers {found.shape}, the trained {expected.shape}"
        )
    difference = float(np.abs(found - expected).max())
    if not difference <= TOLERANCE:
        raise TrainingError(
            f"not published: probabilities of the exported model differ by {difference:.2g} from"
            f" the trained network's for {len(photos)} photos; at most {TOLERANCE:g} is accepted"
        )


def _compare_recognized(recognizer: Recognizer, signature: Any, photos: np.ndarray) -> None:
    """Compare what is recognized, but for photos so near the threshold that rounding decides."""
    distances = recognizer.distances(photos)
    answers = signature(image=tf.constant(photos))
    if "recognized" not in answers:
        raise TrainingError("not published: the exported model does not say what it recognizes")
    found = answers["recognized"].numpy()
    clear = np.abs(distances) > MARGIN * max(1.0, abs(recognizer.threshold))
    if found.shape != distances.shape or (found != (distances >= 0))[clear].any():
        raise TrainingError(
            f"not published: the exported model recognizes {found.tolist()}, the trained one"
            f" {(distances >= 0).tolist()}"
        )


def _compare_heat(explain: Explain, signature: Any, photos: np.ndarray) -> None:
    expected = explain(tf.constant(photos))["heat"].numpy()
    found = signature(image=tf.constant(photos))["heat"].numpy()
    if found.shape != expected.shape or len(found) != len(photos):
        raise TrainingError(
            f"not published: the exported model's heat maps are {found.shape} for {len(photos)}"
            f" photos, the trained network's {expected.shape}"
        )
    if not ((found >= 0) & (found <= 1)).all():
        raise TrainingError("not published: heat maps of the exported model are not from 0 to 1")
    difference = float(np.abs(found - expected).max())
    if not difference <= HEAT_TOLERANCE:
        raise TrainingError(
            f"not published: heat maps of the exported model differ by {difference:.2g} from the"
            f" trained network's; at most {HEAT_TOLERANCE:g} is accepted"
        )


def _compare_description(card: dict[str, Any], signature: Any, photos: np.ndarray) -> None:
    found = {
        name: np.vectorize(bytes.decode, otypes=[object])(output.numpy()).tolist()
        for name, output in signature(image=tf.constant(photos)).items()
    }
    found["card"] = [json.loads(text) for text in found["card"]]
    expected = {"labels": card["labels"], "preparation": card["preparation"], "card": card}
    for name, text in expected.items():
        if found[name] != [text] * len(photos):
            raise TrainingError(
                f"not published: the exported model tells {name} {found[name]!r:.200}, not {text}"
            )
