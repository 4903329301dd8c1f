"""The starter models in the source tree: published versions of the `STARTER_RECIPES`."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from serving.repository.checksums import CHECKSUMS
from training.errors import TrainingError, explained
from training.model_cards import VERSION_CARD, read_card
from training.publishing.starter_card import mark_as_starter

STARTERS = Path(__file__).resolve().parents[2] / "serving" / "repository" / "starters"

LEAST_ACCURACY = {"clothing": 0.93, "cats-dogs": 0.92}
"""Test accuracy that a starter needs."""

MAX_BYTES = 6_000_000
"""Of all starters together: they are part of the source tree."""


def install(version: Path, starters: Path) -> Path:
    """Install a published version as the starter of its model, `<model>/1`, replacing the old one.

    Its card then says that it is a starter.

    Raises:
        TrainingError: it is not accurate enough, too large beside the others, or can't be written.
    """
    card = read_card(version / VERSION_CARD)
    name, accuracy = str(card["name"]), card["metrics"]["test"]["accuracy"]
    if accuracy < LEAST_ACCURACY[name]:
        raise TrainingError(
            f"{version} cannot be a starter: its test accuracy is {accuracy:.2%}, and at least"
            f" {LEAST_ACCURACY[name]:.0%} is needed"
        )
    others = [folder for folder in starters.glob("*/1") if folder.parent.name != name]
    paths = (path for folder in (version, *others) for path in folder.rglob("*"))
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if size > MAX_BYTES:
        raise TrainingError(
            f"{version} cannot be a starter: with the others it would take {size:,} bytes, and at"
            f" most {MAX_BYTES:,} are allowed"
        )
    target = starters / name / "1"
    with explained(f"cannot write the starter {target}"), TemporaryDirectory() as folder:
        copy = Path(folder, "1")
        shutil.copytree(version, copy, ignore=shutil.ignore_patterns(CHECKSUMS.name))
        mark_as_starter(copy)
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(copy, target)
    return target
