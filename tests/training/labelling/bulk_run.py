"""Photos, and the results that `photolabel bulk` writes for them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from client.bulk.output import Output
from tests.drawing import encode

LABELS = ("T-shirt/top", "Coat", "Bag")


def picture(seed: int, size: tuple[int, int] = (80, 60)) -> Image.Image:
    """Draw a photo of coloured fields, unlike those of other seeds."""
    fields = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), np.uint8)
    return Image.fromarray(fields).resize(size, Image.Resampling.NEAREST)


def row(image: str, *shares: float, recognized: bool | None = True) -> dict[str, Any]:
    """Return what `bulk` writes for a photo with these probabilities, by the order of `LABELS`."""
    probabilities = dict(sorted(zip(LABELS, shares, strict=True), key=lambda each: -each[1]))
    label = next(iter(probabilities))
    known = {} if recognized is None else {"recognized": recognized}
    return {
        "image": image,
        "label": label,
        "probability": probabilities[label],
        **known,
        "version": 1,
        "probabilities": probabilities,
    }


def write_results(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows with the code of `bulk`, in the format that the path's ending says."""
    output = Output(path, lambda _: True)
    output.begin(iter(rows))
    output.end(iter(rows))
    output.close()
    return path


def write_run(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a photo for each row that has no error into `folder/photos`, and `results.csv`."""
    for seed, each in enumerate(rows):
        if "error" not in each:
            path = folder / "photos" / each["image"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(picture(seed), "JPEG", quality=90))
    return write_results(folder / "results.csv", rows)


def page_data(page: Path) -> dict[str, Any]:
    """Return what a page shows."""
    text = page.read_text("utf-8").split('<script id="data" type="application/json">')[1]
    found: dict[str, Any] = json.loads(text.split("</script>")[0])
    return found
