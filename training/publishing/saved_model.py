"""Writing a Keras network as the SavedModel that contract 1 of the design describes.

Signatures, all with the input `image`, uint8 `[batch, height, width, channels]`:

- `serving_default`: `probabilities`, float32 `[batch, classes]`; with a recognizer `recognized`,
  bool `[batch]`;
- `explain`: `heat`, float32 `[batch, rows, columns]` in 0–1 (`training.publishing.explanation`);
- `describe`: `labels`, string `[batch, classes]`; `preparation` and `card`, string `[batch]`;
- `report`, if there is one: `report`, string `[batch]`, an HTML page in UTF-8 compressed by gzip.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from training.model_cards import VERSION_CARD
from training.publishing.explanation import explanation
from training.publishing.warmup import write_warmup
from training.trust.recognition_threshold import Recognizer

Signature = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def write_saved_model(
    network: keras.Model,
    card: dict[str, Any],
    folder: Path,
    recognizer: Recognizer | None = None,
    report: str | None = None,
) -> None:
    """Write a SavedModel with its model card and warm-up records into an empty folder.

    Args:
        network: from uint8 pixels to probabilities, all in float32.
        card: has the `labels` and the `preparation` that `describe` returns.
        folder: an empty folder.
        recognizer: of the same network; adds the output `recognized`.
        report: of its training, a self-contained HTML page; adds the signature `report`.
    """
    signatures = {
        "serving_default": _classify(network, recognizer),
        "explain": explanation(network, card["preparation"]),
        "describe": _describe(card),
    }
    if report is not None:
        signatures["report"] = _constant({"report": compressed(report)})
    _write(network, signatures, folder)
    path = folder / VERSION_CARD
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    write_warmup(folder, card["name"], network.input_shape[1:])


def compressed(report: str) -> bytes:
    """Return a report as the signature `report` returns it; the same page gives the same bytes."""
    return gzip.compress(report.encode(), mtime=0)


def write_classifier(network: keras.Model, folder: Path, recognizer: Recognizer | None) -> None:
    """Write only the `serving_default` of `write_saved_model`: for evaluation, before the card."""
    _write(network, {"serving_default": _classify(network, recognizer)}, folder)


def _write(network: keras.Model, signatures: Mapping[str, Signature], folder: Path) -> None:
    image = tf.TensorSpec((None, *network.input_shape[1:]), tf.uint8, name="image")
    # The network is not tracked as a layer: each variable would be stored twice. The archive finds
    # the variables that the signatures use by itself.
    archive = keras.export.ExportArchive()
    for name, signature in signatures.items():
        archive.add_endpoint(name, signature, input_signature=[image])
    archive.write_out(str(folder), verbose=False)


def _classify(network: keras.Model, recognizer: Recognizer | None) -> Signature:
    def serving_default(image: tf.Tensor) -> dict[str, tf.Tensor]:
        if recognizer:
            return recognizer(image)
        return {"probabilities": network(image, training=False)}

    return serving_default


def _describe(card: dict[str, Any]) -> Signature:
    texts = {
        "labels": card["labels"],
        "preparation": card["preparation"],
        "card": json.dumps(card, ensure_ascii=False),
    }
    return _constant(texts)


def _constant(texts: dict[str, Any]) -> Signature:
    """Return a signature that returns the same strings for any photo."""

    def constant(image: tf.Tensor) -> dict[str, tf.Tensor]:
        # Repeated for each photo, so that a model server can split a batch into requests.
        batch = tf.shape(image)[0]
        return {
            name: tf.repeat(tf.constant([text], tf.string), batch, axis=0)
            for name, text in texts.items()
        }

    return constant
