"""LitServe with the same SavedModel. Needs requirements/bench.txt.

Run: python -m benchmarks.serving.litserve_server SAVED_MODEL PORT WORKERS
"""

import io
import sys
from typing import Any

import litserve
import numpy as np
import tensorflow as tf
from fastapi import Request
from PIL import Image


class Classifier(litserve.LitAPI):  # type: ignore[misc]  # LitServe is not in the type check.
    """Classifies the file part of a form, as in LitServe's examples."""

    def __init__(self, saved_model: str) -> None:
        super().__init__()
        self._path = saved_model

    def setup(self, device: str) -> None:
        """Load the model, once per worker."""
        self._model = tf.saved_model.load(self._path)
        self._signature = self._model.signatures["serving_default"]
        shape = self._signature.structured_input_signature[1]["image"].shape
        self._height, self._width, self._channels = (int(size) for size in shape[1:])

    def decode_request(self, request: Request) -> Any:
        """Decode the photo and resize it to the model's input."""
        mode = "L" if self._channels == 1 else "RGB"
        photo = Image.open(io.BytesIO(request["photo"].file.read())).convert(mode)
        pixels = np.asarray(photo.resize((self._width, self._height)))
        return pixels.reshape(1, self._height, self._width, self._channels)

    def predict(self, image: Any) -> Any:
        """Run the signature."""
        return self._signature(image=tf.constant(image))["probabilities"][0].numpy()

    def encode_response(self, probabilities: Any) -> dict[str, Any]:
        """Return the probability of every class."""
        return {"probabilities": {str(i): float(p) for i, p in enumerate(probabilities)}}


if __name__ == "__main__":
    saved_model, port, workers = sys.argv[1:]
    server = litserve.LitServer(
        Classifier(saved_model),
        accelerator="cpu",
        workers_per_device=int(workers),
        api_path="/classify",
        timeout=30,
    )
    server.run(
        host="127.0.0.1",
        port=int(port),
        num_api_servers=int(workers),
        generate_client_file=False,
        log_level="warning",
    )
