from pathlib import Path

import numpy as np
import pytest

from tests.training.signals import LABELS, data_set, published
from training.errors import TrainingError
from training.publishing.model_folder import find_version
from training.publishing.published_model import PublishedModel


def test_a_version_describes_itself_and_classifies_more_photos_than_a_batch(tmp_path: Path) -> None:
    base = tmp_path / "letters"
    model = PublishedModel(base / str(published(base, recipe="letters-dense")))

    assert (model.name, model.version) == ("letters", 1)
    assert model.shape == (2, 2, 1)
    assert model.labels == LABELS
    assert model.preparation == "squash/1"
    assert model.card["recipe"] == "letters-dense"
    test = data_set(right=300, wrong=20).test
    probabilities = model.probabilities(test.photos)
    assert probabilities.shape == (320, 3)
    assert (probabilities.argmax(axis=1) == test.classes).sum() == 300
    assert np.allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("content", [None, b"no model"])
def test_an_unreadable_model_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path / "letters" / "1"
    folder.mkdir(parents=True)
    if content:
        (folder / "saved_model.pb").write_bytes(content)

    with pytest.raises(TrainingError, match=r"cannot read a model from .*letters/1 ") as raised:
        PublishedModel(folder)
    assert "\n" not in str(raised.value)


def test_a_version_that_was_copied_by_half_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "letters" / str(published(tmp_path / "letters"))
    (weights,) = folder.glob("variables/variables.data*")
    weights.write_bytes(weights.read_bytes()[:10])

    with pytest.raises(TrainingError, match=r"cannot read a model from .*letters/1 "):
        PublishedModel(folder)


def versions(models: Path) -> Path:
    for inner in ("clothing/2", "clothing/10", "pets/1", "pets/007", "empty/.staging-x", ".hidden"):
        (models / inner).mkdir(parents=True)
    return models


def test_without_a_number_the_newest_version_is_used(tmp_path: Path) -> None:
    models = versions(tmp_path)

    assert find_version(models, "clothing") == models / "clothing" / "10"
    assert find_version(models, "clothing/2") == models / "clothing" / "2"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("shoes", r"there is no published model shoes in .*; there are: clothing, pets$"),
        ("empty", "there is no published model empty"),
        ("clothing/3", r"clothing has no version 3 in .*; it has 2, 10$"),
        ("pets/007", "pets has no version 007 in .*; it has 1"),
        ("clothing/", "a published model is NAME or NAME/VERSION, not 'clothing/'"),
        ("../x", "a published model is NAME or NAME/VERSION"),
        (".hidden", "a published model is NAME or NAME/VERSION"),
    ],
)
def test_an_unknown_model_or_version_names_the_known_ones(
    tmp_path: Path, reference: str, message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        find_version(versions(tmp_path), reference)


def test_a_missing_folder_of_models_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there are: none"):
        find_version(tmp_path / "none", "clothing")
