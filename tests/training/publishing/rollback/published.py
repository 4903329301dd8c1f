"""Versions without a network, and TensorFlow Serving's model config file for them."""

import json
from pathlib import Path

from serving.repository.versions import staged
from training.model_cards import VERSION_CARD

LABELS = ("cat", "dog")


def publish(
    base: Path, labels: tuple[str, ...] = LABELS, accuracy: float = 0.9, **card: object
) -> int:
    """Publish a version whose card has these labels."""
    metrics = {"test": {"accuracy": accuracy}, "validation": {"accuracy": accuracy + 0.01}}
    with staged(base) as staging:
        (staging.folder / "saved_model.pb").write_bytes(b"network")
        path = staging.folder / VERSION_CARD
        path.parent.mkdir()
        path.write_text(json.dumps({"labels": labels, "metrics": metrics, **card}))
        return staging.publish()


def write_config(path: Path, base: Path, entry: str = "") -> Path:
    """Write a config file with comments, another model before and one after it."""
    path.write_text(
        f"""\
# The models of our shop.
model_config_list {{
  config {{ name: "hats" base_path: "/models/hats" model_platform: "tensorflow" }}  # Old.
  config {{
    name: "{base.name}"  # Ours.
    base_path: "{base}"
    model_platform: "tensorflow"
    {entry}
  }}
  config: <
    name: 'shoes', base_path: '/models/shoes';
    model_platform: 'tensorflow'
    model_version_policy {{ all {{}} }}
    version_labels {{ key: "stable" value: 7 }}
  >
}}
"""
    )
    return path
