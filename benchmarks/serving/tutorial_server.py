"""A typical tutorial server: Flask with a Keras model in the same process.

Run: gunicorn -w 2 -k gthread --threads 4 benchmarks.serving.tutorial_server:app
"""

import io

import keras
import numpy as np
from flask import Flask, Response, jsonify, request
from PIL import Image

keras.utils.set_random_seed(0)  # Both workers give the same answers.
_NETWORK = [
    keras.layers.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(64, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(128, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
]
model = keras.Sequential(_NETWORK)
app = Flask(__name__)


@app.post("/classify")
def classify() -> Response:
    """Classify the photo in the body as tutorials do, with `model.predict` per request."""
    gray = Image.open(io.BytesIO(request.get_data())).convert("L").resize((28, 28))
    (probabilities,) = model.predict(np.asarray(gray)[None, :, :, None], verbose=0)
    return jsonify(probabilities={str(i): float(p) for i, p in enumerate(probabilities)})
