"""Do heat maps mark the evidence? Mask the hottest cells, and as many cells elsewhere.

Run: python -m benchmarks.explanations [MODEL …] [--models DIR] [--data DIR] [--photos N]

In each test photo, the hottest fifth of the heat map's cells is masked, then the same number of
random cells, several times. Both lower the probability of the predicted class. The figure is the
share of photos on which the hottest cells lower it by more than the random ones do on average; the
bar is 80%. The mask is black for garments, whose background is black, and otherwise the photo's
mean colour. Published versions are called through their signatures.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from training.data.loading import load
from training.errors import TrainingError
from training.overrides import restored
from training.publishing.model_folder import find_version
from training.publishing.published_model import PublishedModel
from training.recipes import recipe_named

BAR = 0.8
SHARE = 0.2
SHUFFLES = 10
SEED = 20


@dataclass(frozen=True)
class Figures:
    """How masking changes the probability of the predicted class.

    Attributes:
        photos: number of photos.
        hot: mean decrease from masking the hottest cells.
        random: mean decrease from masking random cells.
        better: fraction of the photos on which the hottest cells lower it more.
    """

    photos: int
    hot: float
    random: float
    better: float


def main() -> int:
    """Measure, print a table, and return 1 if a model misses the bar."""
    arguments = _arguments()
    console = Console()
    table = Table("model", "version", "photos", "hottest", "random", "hottest > random")
    missed = False
    try:
        for reference in arguments.names:
            model = PublishedModel(find_version(arguments.models, reference))
            figures = measure(model, _photos(model, arguments, console))
            missed |= figures.better < BAR
            table.add_row(
                model.name,
                str(model.version),
                str(figures.photos),
                f"{-figures.hot:.3f}",
                f"{-figures.random:.3f}",
                f"{figures.better:.1%}",
            )
    except TrainingError as error:
        console.print(f"error: {error}", markup=False, soft_wrap=True)
        return 2
    console.print(table)
    return int(missed)


def measure(model: PublishedModel, photos: np.ndarray) -> Figures:
    """Mask photos, uint8 `[photos, height, width, channels]`, and compare the probabilities.

    Raises:
        TrainingError: the model has no signature `explain`.
    """
    random = np.random.default_rng(SEED)
    heat = model.heat(photos)
    rows, columns = heat.shape[1:]
    cells = rows * columns
    masked_cells = max(1, round(cells * SHARE))
    hottest = np.argsort(-heat.reshape(-1, cells), axis=1, kind="stable")[:, :masked_cells]
    whole = model.probabilities(photos)
    classes = whole.argmax(axis=1)[:, None]

    def lowered(chosen: np.ndarray) -> np.ndarray:
        masked = mask(photos, chosen, (rows, columns), _blank(model, photos))
        difference = whole - model.probabilities(masked)
        return np.asarray(np.take_along_axis(difference, classes, axis=1)[:, 0])

    def shuffled() -> np.ndarray:
        return random.random((len(photos), cells)).argsort(axis=1)[:, :masked_cells]

    hot = lowered(hottest)
    elsewhere = np.mean([lowered(shuffled()) for _ in range(SHUFFLES)], axis=0)
    better = float((hot > elsewhere).mean())
    return Figures(len(photos), float(hot.mean()), float(elsewhere.mean()), better)


def mask(
    photos: np.ndarray, chosen: np.ndarray, grid: tuple[int, int], blank: np.ndarray
) -> np.ndarray:
    """Mask cells of photos.

    Args:
        photos: uint8 `[photos, height, width, channels]`.
        chosen: int `[photos, cells]`, indices of the cells to mask, counted row by row.
        grid: rows and columns of cells.
        blank: the pixels of the mask, broadcast to the photos.
    """
    rows, columns = grid
    hidden = np.zeros((len(photos), rows * columns), bool)
    np.put_along_axis(hidden, chosen, True, axis=1)
    height, width = photos.shape[1:3]
    row = np.arange(height) * rows // height
    column = np.arange(width) * columns // width
    pixels = hidden[:, row[:, None] * columns + column]
    return np.where(pixels[..., None], blank, photos)


def _blank(model: PublishedModel, photos: np.ndarray) -> np.ndarray:
    if model.preparation.startswith("garment/"):
        return np.zeros((1, 1, 1, 1), np.uint8)
    return np.asarray(photos.mean(axis=(1, 2), keepdims=True).round(), np.uint8)


def _photos(model: PublishedModel, arguments: argparse.Namespace, console: Console) -> np.ndarray:
    """Return test photos of the data set that the model was trained on."""
    card = model.card
    parameters = {**card["parameters"], "own.photos": ""}  # They are not needed for test photos.
    recipe = restored(recipe_named(card["recipe"]), card["name"], parameters)
    test = load(recipe, arguments.data, console).test
    chosen = np.random.default_rng(SEED).permutation(len(test))[: arguments.photos]
    found: np.ndarray = test.photos[np.sort(chosen)]
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="model", default=["clothing", "cats-dogs"])
    parser.add_argument("--models", type=Path, default=Path("models"), help="published models")
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--photos", type=int, default=1000, help="maximum number of photos per model"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
