"""Folders of finished runs, as a report reads them, and the text of a page."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from training.json_files import write_json
from training.metrics.evaluation import Evaluation, save_evaluation

LABELS = ("T-shirt <top>", "Брюки & co", "bag $5")

CARD: dict[str, Any] = {
    "name": "clothing",
    "recipe": "clothing-tiny",
    "parameters": {"seed": 3, "epochs": 4, "network.units": [4, 8], "jit": "auto"},
    "preparation": "garment/1",
    "input_shape": [6, 5, 1],
    "data": {"name": "drawn", "sha256": "0123abcd" * 8, "training": 9, "validation": 3, "test": 60},
    "trained": {
        "seconds": 12.5,
        "hardware": {"device": "CPU", "processor": "A fast one", "cores": 2},
        "packages": {"keras": "3.15.1"},
        "commit": None,
    },
}


def entry(epoch: int, val_loss: float | None) -> dict[str, Any]:
    validation = {} if val_loss is None else {"val_loss": val_loss, "val_accuracy": 0.5}
    trained = {"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.6}
    return {**trained, **validation, "seconds": 2.0, "images_per_second": 1234.0}


def run_folder(
    folder: Path,
    *,
    wrong: int = 20,
    channels: int = 1,
    losses: tuple[float | None, ...] = (0.9, 0.5, 0.7, 0.9),
    names: Sequence[str] = (),
    **card: Any,
) -> Path:
    """Write the files of a run whose model gets `wrong` of 60 test photos wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    classes = np.arange(60) % 3
    chosen = (classes + (np.arange(60) < wrong)) % 3
    probabilities = np.eye(3, dtype=np.float32)[chosen] * 0.7 + 0.1
    photos = np.random.default_rng(0).integers(0, 256, (60, 6, 5, channels), np.uint8)
    save_evaluation(Evaluation(LABELS, classes, probabilities), photos, folder, names)
    write_json(folder / "model_card.json", {**CARD, "labels": LABELS, **card})
    write_json(folder / "history.json", [entry(n + 1, loss) for n, loss in enumerate(losses)])
    return folder


class Addresses(HTMLParser):
    """Collects what a page refers to, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe", "object"):
            self.found.append(tag)
        self.found += [v or "" for name, v in attrs if name in ("src", "srcset", "href", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(source: str) -> str:
    """Return the text of a page, with single spaces."""
    read = Addresses()
    read.feed(source)
    return " ".join(read.text.split())
