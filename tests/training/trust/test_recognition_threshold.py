"""Every score on photos of known kinds: two clusters, and points far from both."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from training.data.datasets import Split
from training.errors import TrainingError
from training.publishing.saved_model import write_saved_model
from training.publishing.saved_model_check import check_saved_model
from training.trust.activations import activation_model, compute_activations
from training.trust.calibrate_and_evaluate import predict_in_memory
from training.trust.ood_metrics import auroc
from training.trust.recognition_threshold import (
    Recognizer,
    conformal_threshold,
    fit_scores,
    guaranteed_share,
)

SIDE = 8


def photos_of(kinds: np.ndarray, seed: int) -> np.ndarray:
    """Return noise with a bright upper half (kind 0), a bright lower half (1), or stripes (2)."""
    random = np.random.default_rng(seed)
    photos = random.integers(0, 60, (len(kinds), SIDE, SIDE, 1), np.uint8)
    photos[kinds == 0, : SIDE // 2] += 150
    photos[kinds == 1, SIDE // 2 :] += 150
    photos[kinds == 2, :, ::2] += 150
    return photos


def fitted() -> keras.Model:
    """Return a network that distinguishes the upper from the lower half."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="image")
    flat = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    hidden = layers.Dense(12, activation="relu", name="hidden")(flat)
    probabilities = layers.Dense(2, activation="softmax", name="probabilities")(hidden)
    network = keras.Model(image, probabilities)
    network.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    kinds = np.arange(400) % 2
    network.fit(photos_of(kinds, 1), kinds, epochs=15, verbose=0)
    return network


NETWORK = fitted()
MODEL = activation_model(NETWORK)
KINDS = np.arange(300) % 2
TRAINING = Split(photos_of(KINDS, 2), KINDS)
VALIDATION = compute_activations(MODEL, photos_of(KINDS, 3))
SCORES = fit_scores(NETWORK, MODEL, TRAINING, VALIDATION)
KNOWN = photos_of(np.arange(200) % 2, 4)
UNKNOWN = photos_of(np.full(200, 2), 5)


@pytest.mark.parametrize("name", SCORES.scores)
def test_the_threshold_accepts_95_percent_of_the_validation_photos(name: str) -> None:
    assert SCORES.recognized(VALIDATION)[name] == pytest.approx(0.95, abs=0.01)
    assert SCORES.recognized(compute_activations(MODEL, KNOWN))[name] > 0.85
    assert SCORES.threshold_from == "validation"


@pytest.mark.parametrize("photos", [20, 90, 1000])
def test_95_percent_of_new_photos_are_recognized_however_few_gave_the_threshold(
    photos: int,
) -> None:
    """1,000 simulated calibrations; the plain quantile of 20 scores recognizes 91%."""
    random = np.random.default_rng(photos)
    recognized = [
        (random.standard_normal(2000) >= conformal_threshold(random.standard_normal(photos))).mean()
        for _ in range(1000)
    ]

    assert np.mean(recognized) == pytest.approx(0.95, abs=0.01)
    assert np.mean(recognized) == pytest.approx(guaranteed_share(photos), abs=0.003)
    assert guaranteed_share(photos) >= 0.95


def test_with_fewer_than_19_photos_the_threshold_is_the_lowest_score() -> None:
    scores = np.random.default_rng(0).standard_normal(39)

    assert conformal_threshold(scores) == np.sort(scores)[1]
    assert conformal_threshold(scores[:19]) == conformal_threshold(scores[:18]) == scores[:18].min()


def test_weights_say_how_frequent_photos_are() -> None:
    scores = np.arange(40.0)
    frequent, rare = (np.repeat([weight, 1.0], [3, 37]) for weight in (10.0, 0.5))

    assert conformal_threshold(scores, np.ones(40)) == conformal_threshold(scores) == 1
    assert conformal_threshold(scores, rare) == 2
    assert conformal_threshold(scores, frequent) == 0
    assert guaranteed_share(19) == pytest.approx(0.95)
    assert guaranteed_share(9) == pytest.approx(0.9)
    few = compute_activations(MODEL, photos_of(np.arange(9) % 2, 6))
    fitted = fit_scores(NETWORK, MODEL, TRAINING, few)
    assert fitted.guaranteed == pytest.approx(0.9)
    assert fitted.recognized(few)["distance"] == 1


@pytest.mark.parametrize("name", SCORES.scores)
def test_unknown_photos_have_smaller_scores(name: str) -> None:
    known, unknown = (
        SCORES.values(compute_activations(MODEL, photos))[name] for photos in (KNOWN, UNKNOWN)
    )

    assert auroc(known, unknown) > (0.99 if name == "distance" else 0.8)


def test_the_distance_is_mahalanobis_to_the_nearest_class() -> None:
    training = compute_activations(MODEL, TRAINING.photos).layers.astype(np.float64)
    means = np.stack([training[kind == KINDS].mean(axis=0) for kind in (0, 1)])
    within = training - means[KINDS]
    covariance = within.T @ within / len(within)
    level = np.trace(covariance) / len(covariance)
    covariance = 0.999 * covariance + 0.001 * level * np.eye(len(covariance))
    seen = compute_activations(MODEL, KNOWN)
    off = seen.layers[:, None] - means
    squares = np.einsum("pcf,fg,pcg->pc", off, np.linalg.inv(covariance), off)

    expected = -np.sqrt(squares.min(axis=1))

    assert SCORES.values(seen)["distance"] == pytest.approx(expected, rel=0.01)


def test_the_energy_and_the_probability_are_those_of_the_logits() -> None:
    seen = compute_activations(MODEL, KNOWN)
    kernel, bias = NETWORK.get_layer("probabilities").get_weights()
    logits = seen.last @ kernel + bias

    assert SCORES.values(seen)["energy"] == pytest.approx(
        np.log(np.exp(logits).sum(axis=1)), rel=1e-4
    )
    assert SCORES.values(seen)["probability"] == pytest.approx(seen.probabilities.max(axis=1))


def test_without_validation_photos_training_photos_are_used() -> None:
    scores = fit_scores(NETWORK, MODEL, TRAINING, None)

    assert scores.threshold_from == "training"
    assert (len(scores.weights), scores.guaranteed) == (60, None)
    assert scores.fitted_to == 240, "four fifths; the others determine the threshold"
    assert scores.recognized(compute_activations(MODEL, KNOWN))["distance"] > 0.8


def recognizer() -> Recognizer:
    return Recognizer(
        MODEL, SCORES.scores["distance"], SCORES.thresholds["distance"], TRAINING.photos[:8]
    )


CARD = {"name": "halves", "labels": ["up", "down"], "preparation": "garment/1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    folder.mkdir()
    write_saved_model(NETWORK, CARD, folder, recognizer())
    return folder


def test_the_published_graph_says_what_it_recognizes(folder: Path) -> None:
    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    photos = np.concatenate([KNOWN, UNKNOWN])

    for part in (photos, photos[:1]):
        outputs = {
            name: value.numpy() for name, value in signature(image=tf.constant(part)).items()
        }
        assert set(outputs) == {"probabilities", "recognized"}
        assert outputs["recognized"].dtype == bool
        assert outputs["recognized"].shape == (len(part),)
        expected = recognizer().margins(part) >= 0
        assert (outputs["recognized"] == expected).mean() > 0.99
        assert np.abs(outputs["probabilities"] - NETWORK.predict_on_batch(part)).max() < 1e-6
    assert outputs["recognized"].shape == (1,)
    in_memory = predict_in_memory(NETWORK, recognizer(), photos)  # As without TensorFlow.
    outputs = {n: value.numpy() for n, value in signature(image=tf.constant(photos)).items()}
    assert np.abs(in_memory["probabilities"] - outputs["probabilities"]).max() < 1e-6
    assert (in_memory["recognized"] == outputs["recognized"]).mean() > 0.99
    assert set(predict_in_memory(NETWORK, None, photos)) == {"probabilities"}
    found = outputs["recognized"]
    assert found[:200].mean() > 0.85
    assert found[200:].mean() < 0.05


def test_another_threshold_than_the_published_one_is_detected(folder: Path) -> None:
    check_saved_model(NETWORK, CARD, folder, recognizer())

    with pytest.raises(TrainingError, match="not published: the exported model recognizes"):
        check_saved_model(NETWORK, CARD, folder, replace(recognizer(), threshold=1e3))


def test_a_graph_that_does_not_output_recognized_is_detected(tmp_path: Path) -> None:
    write_saved_model(NETWORK, CARD, tmp_path)

    with pytest.raises(TrainingError, match="not published: the exported model does not output"):
        check_saved_model(NETWORK, CARD, tmp_path, recognizer())
