"""A Flask route that reads the photo and answers as much JSON as the gateway: what HTTP costs."""

from flask import Flask, Response, jsonify, request

_LABELS = [f"class {number}" for number in range(10)]

app = Flask(__name__)


@app.post("/classify")
def classify() -> Response:
    """Read the body and answer."""
    size = len(request.get_data())
    ranked = [{"label": label, "probability": 1 / (size + 1)} for label in _LABELS]
    best = ranked[0]
    return jsonify(model="bare", version=1, predictions=[{**best, "probabilities": ranked}])
