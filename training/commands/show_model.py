"""`show-model`: the layers of a recipe's network, without its weights or data."""

import argparse
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from training.commands.arguments import add_recipe, chosen_recipe
from training.console import plain_table, say, show_folded, whole_lines
from training.errors import UsageError
from training.recipe import Recipe
from training.settings import BackboneNetwork, FineTuning

if TYPE_CHECKING:
    from training.networks.description import LayerFacts, NetworkFacts

_FIGURES = ("parameters", "multiply-adds")
_CLASSES = 2  # Of a data set whose classes depend on its photos.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Show the layers of a recipe's network as it is served, with random weights: neither data"
        " nor pretrained weights are needed. Multiply-adds are those of one photo: each weight of a"
        " kernel counts once for each position of the layer's output; layers without a kernel, such"
        " as pooling, count as 0."
    )
    add_recipe(parser)
    parser.add_argument(
        "--classes", type=int, help="their number, where the photos decide it (default: 2)"
    )
    parser.set_defaults(data=None)


def run(arguments: argparse.Namespace) -> None:
    """Build the network and print its layers."""
    recipe = chosen_recipe(arguments)
    classes = _classes(recipe, arguments.classes)
    from training.backends import current

    current()  # Says which backend is missing, rather than Keras.
    from training.networks.description import backbone_layers, describe

    facts = describe(recipe, classes)
    console = whole_lines()
    say(console, f"{recipe.name}: {recipe.what}")
    say(
        console, f"input: {_shown(recipe.shape)}, bytes; output: probabilities of {classes} classes"
    )
    console.print()
    show_folded(console, [_row(layer) for layer in facts.layers], _table, _stacked)
    console.print()
    for line in _totals(recipe, facts):
        say(console, line)
    if isinstance(recipe.network, BackboneNetwork):
        names = [each.name + "*" * each.divides for each in backbone_layers(recipe)]
        _show_names(names, recipe.network, recipe.fine_tuning, console)


def _classes(recipe: Recipe, wanted: int | None) -> int:
    from training.data.loading import dataset_named  # Imports NumPy.

    if wanted is not None and wanted < 2:
        raise UsageError(f"--classes is at least 2, not {wanted}")
    known = dataset_named(recipe.dataset).classes
    if known and wanted not in (None, known):
        raise UsageError(f"--classes has no effect: {recipe.dataset} has {known} classes")
    return known or wanted or _CLASSES


def _row(layer: "LayerFacts") -> dict[str, str]:
    return {
        "layer": layer.name,
        "type": layer.kind,
        "output": _shown(layer.output),
        "parameters": f"{layer.parameters:,}",
        "multiply-adds": f"{layer.multiply_adds:,}",
    }


def _stacked(row: dict[str, str]) -> dict[str, str]:
    cells = row | {"layer": f"{row['layer']}\n  {row['type']}"}
    return {name: cell for name, cell in cells.items() if name != "type"}


def _table(rows: Sequence[dict[str, str]]) -> Table:
    table = plain_table(rows[0], _FIGURES)
    for row in rows:
        table.add_row(*row.values())
    return table


def _totals(recipe: Recipe, facts: "NetworkFacts") -> list[str]:
    weights = 4 * facts.parameters / 1e6
    fitted = f"training fits {facts.fitted:,} parameters"
    if recipe.head:
        fitted += ": those of the head"
    if recipe.fine_tuning:
        fitted += f", and of the layers after {recipe.fine_tuning.after}"
    elif facts.folded:
        fitted += "; it has batch normalisation, which becomes part of the convolutions"
    return [
        f"{facts.parameters:,} parameters; {facts.multiply_adds:,} multiply-adds for a photo",
        fitted,
        f"published: {weights:,.1f} MB of weights (float32), the graph, and what recognizes unknown"
        " photos",
    ]


def _show_names(
    names: Sequence[str], network: BackboneNetwork, tuning: FineTuning | None, console: Console
) -> None:
    console.print()
    say(
        console, f"network.cut can name any layer of {network.backbone} (now {network.cut or '–'});"
    )
    now = tuning.after if tuning else "–"
    say(console, f"fine_tuning.after those with a star, where all paths meet (now {now}):")
    console.print()
    for line in textwrap.wrap(" ".join(names), console.width, break_on_hyphens=False):
        say(console, line)


def _shown(shape: Sequence[int | None]) -> str:
    return "×".join(map(str, shape))
