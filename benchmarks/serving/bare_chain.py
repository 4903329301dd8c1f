"""A minimal gateway: prepare the photo, make one gRPC call, return JSON.

Without limits, error handling, metrics and logs. The environment variable BARE_CHAIN holds the
model server's address, the model and its input shape as JSON.
"""

import json
import os

from flask import Flask, Response, jsonify, request

from benchmarks.serving.parts import predictor
from serving.photos import prepare

_CONFIG = json.loads(os.environ["BARE_CHAIN"])
_SHAPE = tuple(_CONFIG["shape"])
_LABELS = [f"class {number}" for number in range(10)]

app = Flask(__name__)
_predict = predictor(_CONFIG["address"], _CONFIG["model"], _SHAPE)


@app.post("/classify")
def classify() -> Response:
    """Classify the photo in the body."""
    pixels = prepare(request.get_data(), _CONFIG["preparation"], _SHAPE)
    ranked = [
        {"label": label, "probability": probability}
        for label, probability in zip(_LABELS, _predict(pixels.tobytes()), strict=True)
    ]
    best = ranked[0]
    return jsonify(model="bare", version=1, predictions=[{**best, "probabilities": ranked}])
