"""The weights of another run, or of a published version, for the network and labels of a run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from training.data.datasets import DataSet
from training.errors import TrainingError
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.fit import fitted_network
from training.networks.starting_weights import Weights, first_difference, is_folded, weights_of
from training.pipeline.sources import Source, run_of_version
from training.publishing.published_weights import published_weights
from training.runs.folders import CHECKPOINTS, TRAINED
from training.runs.trained_network import load_trained_network


def weights_for(network: keras.Model, source: Source, data: DataSet, runs: Path) -> Weights:
    """Return the weights of a source in the order of a run's labels.

    Args:
        network: of the run, as it is fitted.
        source: of `find_source`; its weights are those before calibration.
        data: of the run, with its backbone, if it has one.
        runs: folder of the runs, which may have the one that published a version.

    Raises:
        TrainingError: layers or classes are others; the message names the first difference.
    """
    run = run_of_version(source, runs) if source.is_version else source
    labels = source.card().get("labels")
    if labels is None and source.facts.get("data") != data.whole_digest:
        raise TrainingError(
            f"{source.name} is not evaluated yet, so that its classes are not known: finish it with"
            " its own command"
        )
    weights = _run_weights(run, network) if run else published_weights(source.folder, source.card())
    try:
        weights = _for_labels(weights, labels or data.labels, data.labels)
        if difference := first_difference(network, weights, data.backbone):
            raise ValueError(difference)
    except ValueError as error:
        raise TrainingError(f"a run can't start from {source.name}: {error}") from None
    return weights


def weights_digest(weights: Weights) -> str:
    """Return the sha256 (hexadecimal) of the names, shapes and values of weights."""
    found = hashlib.sha256()
    for path, value in sorted(weights.items()):
        found.update(f"{path} {value.dtype} {value.shape}\n".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()


def _run_weights(run: Source, network: keras.Model) -> Weights:
    """Return the weights of a run's result as they were fitted, if its checkpoint has them."""
    recipe = run.recipe()  # First: a network of the recipe's own file may have its own layers.
    trained = load_trained_network(run.folder)
    if trained is None:
        raise TrainingError(f"{run.name} has no {TRAINED}")
    weights = weights_of(trained)
    checkpoints = CheckpointFolder(run.folder / CHECKPOINTS)
    # With a share of its start, the result is not what the checkpoint has.
    if is_folded(network, weights) and checkpoints.last() and not recipe.kept_start:
        return weights_of(fitted_network(recipe, trained.output_shape[-1], checkpoints))
    return weights


def _for_labels(weights: Weights, there: Sequence[str], here: Sequence[str]) -> Weights:
    """Return weights whose last layer has its classes in another order.

    Raises:
        ValueError: the classes are others.
    """
    if len(there) != len(here):
        raise ValueError(f"its last layer has {len(there)} classes, this data has {len(here)}")
    others = [label for label in there if label not in here]
    if others:
        unknown = ", ".join(map(repr, others[:3])) + (", …" if len(others) > 3 else "")
        raise ValueError(f"its classes are others than those of this data: {unknown}")
    order = [list(there).index(label) for label in here]
    if order == sorted(order):
        return weights
    found = dict(weights)
    for path, value in weights.items():
        layer = path.partition("/")[0]
        if layer == "probabilities":
            found[path] = np.take(value, order, axis=-1)
        elif layer == "probability":  # Of the second of two classes.
            found[path] = -value
    return found
