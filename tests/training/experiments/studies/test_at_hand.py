from pathlib import Path

from tests.training.keras_weights import mobilenet
from training.experiments.factors import setting, variants
from training.experiments.studies.at_hand import levels_at_hand
from training.recipes import RECIPES

RECIPE = RECIPES["cats-dogs-mobilenet"]
EPOCHS = setting("epochs", 1, 2)
BACKBONES = variants(
    "backbone",
    {
        "MobileNet": ["network.backbone=MobileNet"],
        "narrow": ["network.alpha=0.25", "network.cut="],
        "random": ["network.backbone=VGG16", "network.cut=", "network.weights=random"],
        "VGG16": ["network.backbone=VGG16", "network.cut="],
        "file": ["network.weights=mine.weights.h5"],
    },
)


def kept(data: Path) -> list[str]:
    factors, notes = levels_at_hand(RECIPE, [EPOCHS, BACKBONES], data)
    assert factors[0] == EPOCHS
    assert len(notes) == len(BACKBONES.levels) - len(factors[1].levels)
    return [level.label for level in factors[1].levels]


def test_levels_whose_weights_are_nowhere_are_left_out_with_a_note(tmp_path: Path) -> None:
    assert kept(tmp_path) == ["MobileNet", "random"]  # The recipe's own is left to the run.

    _, notes = levels_at_hand(RECIPE, [BACKBONES], tmp_path)
    assert [note.partition(":")[2].partition(":")[0] for note in notes] == [
        " backbone narrow",
        " backbone VGG16",
        " backbone file",
    ]


def test_levels_whose_weights_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "pretrained").mkdir()
    narrow = mobilenet(180, 0.25)
    narrow.save_weights(tmp_path / "pretrained" / "mobilenet_narrow.weights.h5")
    (tmp_path / "mine.weights.h5").write_bytes(b"")
    (tmp_path / "vgg16.h5").write_bytes(b"")  # Holds no weights of it.

    assert kept(tmp_path) == ["MobileNet", "narrow", "random", "file"]


def test_a_factor_without_levels_is_left_out(tmp_path: Path) -> None:
    vgg = variants("backbone", {"VGG16": ["network.backbone=VGG16", "network.cut="]})

    factors, notes = levels_at_hand(RECIPE, [EPOCHS, vgg], tmp_path)

    assert factors == [EPOCHS]
    assert len(notes) == 1
