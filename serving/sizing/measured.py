"""What a photo was measured to cost, as `make bench-serving` measures it (docs/sizing.md)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """A photo's milliseconds of processor time in the gateway and in a model server, and its kB."""

    gateway_ms: float
    model_ms: float
    photo_kb: float


# By model and photo: 600×800 pixels, 12 megapixels, and 12 megapixels as a camera writes them.
COSTS = {
    ("clothing", "small"): Cost(3.4, 1.5, 29),
    ("clothing", "large"): Cost(17.3, 2.5, 800),
    ("clothing", "camera"): Cost(52, 2.9, 3500),
    ("cats-dogs", "small"): Cost(4.0, 3.0, 29),
    ("cats-dogs", "large"): Cost(17.3, 4.0, 800),
    ("cats-dogs", "camera"): Cost(52, 4.2, 3500),
}
PIXEL_BYTES = {"clothing": 28 * 28, "cats-dogs": 150 * 150 * 3}

MODELS = tuple(dict.fromkeys(model for model, _ in COSTS))
PHOTOS = tuple(dict.fromkeys(photo for _, photo in COSTS))
