"""Reading an exported SavedModel back, and comparing it with the network in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.errors import TrainingError
from training.model_cards import VERSION_CARD
from training.publishing.explanation import Explain, explanation
from training.publishing.saved_model import compressed
from training.publishing.warmup import read_warmup
from training.trust.recognition_threshold import Recognizer

TOLERANCE = 1e-5
"""Largest accepted difference of a probability."""

HEAT_TOLERANCE = 1e-2
"""Largest accepted difference in a heat map, which is divided by its maximum: that may be small."""

MARGIN = 1e-2
"""Relative to the threshold: scores nearer to it may be rounded to either side of it."""

_BATCH_SIZES = (1, 5)


def check_saved_model(
    network: keras.Model,
    card: dict[str, Any],
    folder: Path,
    recognizer: Recognizer | None = None,
    report: str | None = None,
) -> None:
    """Reload an exported model, replay its warm-up records, and compare it at two batch sizes.

    Raises:
        TrainingError: it differs from the network; the message says how.
    """
    signatures = tf.saved_model.load(str(folder)).signatures
    for record in read_warmup(folder):
        _replay(record.predict_log.request, signatures)
    explain = explanation(network, card["preparation"])
    random = np.random.default_rng(0)
    for batch in _BATCH_SIZES:
        photos = random.integers(0, 256, (batch, *network.input_shape[1:]), np.uint8)
        _compare_description(card, signatures["describe"], photos)
        with _full_float32():
            found = signatures["serving_default"](image=tf.constant(photos))["probabilities"]
            expected = _probabilities(network, recognizer, photos)
            _compare("probabilities", found.numpy(), expected, photos, TOLERANCE)
            if recognizer:
                both = np.concatenate([photos, recognizer.examples[:batch]])
                _compare_recognized(recognizer, signatures["serving_default"], both)
            _compare_heat(explain, signatures["explain"], photos)
        if report is not None:
            _compare_report(compressed(report), signatures["report"], photos)
    if json.loads((folder / VERSION_CARD).read_text("utf-8")) != card:
        raise TrainingError(f"not published: {VERSION_CARD} does not read back as it was written")


def _probabilities(
    network: keras.Model, recognizer: Recognizer | None, photos: np.ndarray
) -> np.ndarray:
    if recognizer is None:
        return np.asarray(network(photos, training=False))
    return np.asarray(recognizer.activations(photos, training=False)["probabilities"])


@contextmanager
def _full_float32() -> Iterator[None]:
    """Turn off TensorFloat-32 on GPUs: its error is larger than the tolerance."""
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


def _compare(
    what: str, found: np.ndarray, expected: np.ndarray, photos: np.ndarray, tolerance: float
) -> None:
    if found.shape != expected.shape or len(found) != len(photos):
        raise TrainingError(
            f"not published: {what} of the exported model are {found.shape} for a batch of"
            f" {len(photos)}, those of the network {expected.shape}"
        )
    difference = float(np.abs(found - expected).max())
    if not difference <= tolerance:
        raise TrainingError(
            f"not published: {what} of the exported model differ by {difference:.2g} from those of"
            f" the network for a batch of {len(photos)}; at most {tolerance:g} is accepted"
        )


def _compare_recognized(recognizer: Recognizer, signature: Any, photos: np.ndarray) -> None:
    """Compare `recognized`, except for photos so near the threshold that rounding decides."""
    margins = recognizer.margins(photos)
    outputs = signature(image=tf.constant(photos))
    if "recognized" not in outputs:
        raise TrainingError("not published: the exported model does not output `recognized`")
    found = outputs["recognized"].numpy()
    clear = np.abs(margins) > MARGIN * max(1.0, abs(recognizer.threshold))
    if found.shape != margins.shape or (found != (margins >= 0))[clear].any():
        raise TrainingError(
            f"not published: the exported model recognizes {found.tolist()}, the network"
            f" {(margins >= 0).tolist()}"
        )


def _compare_heat(explain: Explain, signature: Any, photos: np.ndarray) -> None:
    expected = explain(tf.constant(photos))["heat"].numpy()
    found = signature(image=tf.constant(photos))["heat"].numpy()
    if not ((found >= 0) & (found <= 1)).all():
        raise TrainingError("not published: heat maps of the exported model are not from 0 to 1")
    _compare("heat maps", found, expected, photos, HEAT_TOLERANCE)


def _compare_description(card: dict[str, Any], signature: Any, photos: np.ndarray) -> None:
    found = {
        name: np.vectorize(bytes.decode, otypes=[object])(output.numpy()).tolist()
        for name, output in signature(image=tf.constant(photos)).items()
    }
    found["card"] = [json.loads(text) for text in found["card"]]
    expected = {"labels": card["labels"], "preparation": card["preparation"], "card": card}
    for name, value in expected.items():
        if found[name] != [value] * len(photos):
            raise TrainingError(
                f"not published: `{name}` of the exported model is {found[name]!r:.200}, not"
                f" {value}"
            )


def _compare_report(expected: bytes, signature: Any, photos: np.ndarray) -> None:
    if signature(image=tf.constant(photos))["report"].numpy().tolist() != [expected] * len(photos):
        raise TrainingError("not published: the report does not read back as it was written")
