"""The least that a gateway can do: decode and prepare the photo, one gRPC call, answer JSON.

No limits, no errors, no metrics, no log. The model server's address, the model and its shape come
from the variable BARE_CHAIN, as JSON.
"""

import json
import os

from flask import Flask, Response, jsonify, request

from benchmarks.serving.parts import predictor
from serving.photos import prepare

_ORDERS = json.loads(os.environ["BARE_CHAIN"])
_SHAPE = tuple(_ORDERS["shape"])
_LABELS = [f"class {number}" for number in range(10)]

app = Flask(__name__)
_predict = predictor(_ORDERS["address"], _ORDERS["model"], _SHAPE)


@app.post("/classify")
def classify() -> Response:
    """Read the body, prepare, ask, answer."""
    pixels = prepare(request.get_data(), _ORDERS["preparation"], _SHAPE)
    ranked = [
        {"label": label, "probability": probability}
        for label, probability in zip(_LABELS, _predict(pixels.tobytes()), strict=True)
    ]
    best = ranked[0]
    return jsonify(model="bare", version=1, predictions=[{**best, "probabilities": ranked}])
