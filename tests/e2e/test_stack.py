"""The whole stack with real models: photo → gateway → gRPC → model server → probabilities."""

import base64
import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from serving.photos import prepare
from tests.drawing import encode, encoded_photo, photo
from tests.e2e.conftest import RunningStack

pytestmark = pytest.mark.e2e

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def http(stack: RunningStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=30) as client:
        yield client


def newest(models: Path, name: str) -> Path:
    """Return the folder of a model's newest version."""
    return max((each for each in (models / name).iterdir() if each.name.isdigit()), key=_number)


def _number(version: Path) -> int:
    return int(version.name)


def in_process(models: Path, name: str, pixels: np.ndarray) -> np.ndarray:
    """Return a SavedModel's probabilities `[photos, classes]`, without any server."""
    import tensorflow as tf

    classify = tf.saved_model.load(newest(models, name)).signatures["serving_default"]
    batches = [
        classify(image=tf.constant(batch))["probabilities"].numpy()
        for batch in np.array_split(pixels, max(1, len(pixels) // 500))
    ]
    return np.concatenate(batches)


def by_label(prediction: dict[str, Any], labels: list[str]) -> list[float]:
    """Return a prediction's probabilities in the order of the model's labels."""
    probabilities = {each["label"]: each["probability"] for each in prediction["probabilities"]}
    return [probabilities[label] for label in labels]


@pytest.mark.parametrize("name", ["clothing", "cats-dogs"])
def test_the_gateway_returns_the_saved_models_probabilities(
    http: httpx.Client, stack: RunningStack, name: str
) -> None:
    model = http.get(f"/v1/models/{name}").json()
    shape = tuple(model["input"][side] for side in ("height", "width", "channels"))
    encoded = encoded_photo("JPEG", (640, 480))
    response = http.post(f"/v1/models/{name}:classify", content=encoded).json()
    pixels = prepare(encoded, model["preparation"], shape)
    expected = in_process(stack.models, name, pixels[None])[0]
    got = by_label(response["predictions"][0], model["labels"])
    np.testing.assert_allclose(got, expected, atol=TOLERANCE)
    assert sum(got) == pytest.approx(1, abs=1e-5)
    assert response["version"] == int(newest(stack.models, name).name)


def test_the_model_card_is_the_one_on_disk(http: httpx.Client, stack: RunningStack) -> None:
    for name in ("clothing", "cats-dogs"):
        file = newest(stack.models, name) / "assets.extra" / "model_card.json"
        assert http.get(f"/v1/models/{name}").json()["card"] == json.loads(file.read_text("utf-8"))


def test_all_forms_of_upload_give_the_same_result(http: httpx.Client) -> None:
    path, encoded = "/v1/models/clothing:classify", encoded_photo("PNG")
    raw = http.post(path, content=encoded).json()["predictions"][0]
    form = http.post(path, files=[("photo", ("a.png", encoded)), ("photo", ("b.png", encoded))])
    texts = [{"b64": base64.b64encode(encoded).decode()}] * 2
    document = http.post(path, json={"images": texts})
    for response, names in ((form, ["a.png", "b.png"]), (document, ["0", "1"])):
        predictions = response.json()["predictions"]
        assert [each["image"] for each in predictions] == names
        for prediction in predictions:
            assert prediction["label"] == raw["label"]
            assert prediction["probability"] == pytest.approx(raw["probability"], abs=TOLERANCE)


def test_versions_and_labels(http: httpx.Client, stack: RunningStack) -> None:
    version = newest(stack.models, "clothing").name
    pinned = http.post(f"/v1/models/clothing/versions/{version}:classify", content=encoded_photo())
    assert pinned.json()["version"] == int(version)
    for unknown in ("versions/999999", "labels/nobody"):
        response = http.post(f"/v1/models/clothing/{unknown}:classify", content=encoded_photo())
        assert response.status_code == 404, response.text
        assert response.json()["type"] == "urn:photolabel:error:unknown-version"


def test_both_workers_answer(http: httpx.Client, stack: RunningStack) -> None:
    post = f"{stack.url}/v1/models/clothing:classify"
    end = time.monotonic() + 30
    workers: set[str] = set()
    while len(workers) < 2 and time.monotonic() < end:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda photo: httpx.post(post, content=photo), [encoded_photo()] * 32))
        lines = [line for line in stack.gateway.output().splitlines() if ":classify 200" in line]
        workers = {line.split()[3] for line in lines}
    assert len(workers) == 2


def test_the_page_is_served(http: httpx.Client) -> None:
    page = http.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Photolabel" in page.text


def test_a_photo_of_a_cat_is_labelled_cat_squashed_or_not(http: httpx.Client) -> None:
    from skimage import data

    cat = Image.fromarray(data.chelsea()).crop((51, 0, 451, 300))  # 4:3.
    squashed = cat.resize((150, 150), Image.Resampling.BILINEAR)
    path = "/v1/models/cats-dogs:classify"
    sent = [encode(cat, "JPEG", quality=90), encode(squashed)]
    whole, small = (http.post(path, content=photo).json()["predictions"][0] for photo in sent)
    assert whole["label"] == small["label"] == "cat"
    assert whole["probability"] == pytest.approx(small["probability"], abs=0.02)


def test_a_photo_rotated_by_exif_gives_the_same_result(http: httpx.Client) -> None:
    upright = photo((300, 400))
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = encode(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    path = "/v1/models/cats-dogs:classify"
    results = [http.post(path, content=sent).json() for sent in (encode(upright), sideways)]
    assert results[0] == results[1]


def _idx(path: Path, header: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def test_the_whole_test_split_gives_the_saved_models_probabilities(
    http: httpx.Client, stack: RunningStack, data_sets: Path
) -> None:
    folder = data_sets / "fashion-mnist"
    pixels = _idx(folder / "t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    classes = _idx(folder / "t10k-labels-idx1-ubyte.gz", 8)
    model = http.get("/v1/models/clothing").json()
    batches = np.array_split(pixels, len(pixels) // 25)

    def classify(batch: np.ndarray) -> list[list[float]]:
        images = [("photo", ("x.png", encode(Image.fromarray(each[..., 0])))) for each in batch]
        response = http.post("/v1/models/clothing:classify", files=images)
        assert response.status_code == 200, response.text
        return [by_label(each, model["labels"]) for each in response.json()["predictions"]]

    with ThreadPoolExecutor(4) as pool:
        got = np.array([row for rows in pool.map(classify, batches) for row in rows])
    expected = in_process(stack.models, "clothing", pixels)
    accuracy = float((got.argmax(1) == classes).mean())
    difference = np.abs(got - expected).max()
    print(f"{len(pixels)} images: accuracy {accuracy:.4f}, largest difference {difference:.2e}")
    assert difference <= TOLERANCE
    assert accuracy == float((expected.argmax(1) == classes).mean())
    assert accuracy == pytest.approx(model["card"]["metrics"]["test"]["accuracy"], abs=1e-6)
