"""Results as tables on a terminal, and text from elsewhere made safe for a terminal."""

from collections.abc import Iterable

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..results import Explanation, Model, Prediction

_DOUBT = "not recognized"


def one_line(text: str) -> str:
    """Return a text as one line, with unprintable characters escaped.

    File names and labels may hold control characters that a terminal would obey.
    """
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in " ".join(text.split())
    )


def percent(probability: float) -> str:
    """Return a probability such as `93.0%`; a tiny one is `<0.1%` rather than `0.0%`."""
    return "<0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"


class PhotoTable:
    """A table on a terminal that grows by a row when a result comes.

    Args:
        heat: whether the last column is the heat map, rather than the next classes.
    """

    def __init__(self, heat: bool = False) -> None:
        self._console = Console(highlight=False)
        self._heat = heat
        self._widths = (0, 0)
        self._source = ""

    def add(self, prediction: Prediction, following: Iterable[str]) -> None:
        """Print a row.

        Args:
            prediction: its values.
            following: names of the next photos, by which the first row chooses the widths.
        """
        is_first = not self._source
        if is_first:
            self._widths = self._choose_widths(prediction, following)
        source = f"{prediction.model}, version {prediction.version}"
        if source != self._source:  # A new version may be published between two requests.
            self._console.print(_text(source), style="italic")
        self._source = source
        self._console.print(self._row(prediction, is_first))

    def _choose_widths(self, prediction: Prediction, following: Iterable[str]) -> tuple[int, int]:
        names = [prediction.image, *following]
        labels = [prediction.label, *(each.label for each in prediction.probabilities)]
        photo = max(self._console.width // 5, *(cell_len(one_line(name)) for name in names))
        label = max(
            len(_DOUBT if self._heat else "Label"), *(cell_len(one_line(each)) for each in labels)
        )
        return min(photo, self._console.width // 3), min(label, 16)

    def _row(self, prediction: Prediction, show_header: bool) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=show_header)
        photo, label = self._widths
        table.add_column("Photo", overflow="fold", width=photo)
        table.add_column("Label", overflow="fold", width=label, style="bold")
        table.add_column("Prob.", justify="right", width=6)
        image, best = _text(prediction.image), _text(prediction.label)
        doubt = [_DOUBT] if prediction.recognized is False else []
        if self._heat:
            best.append("".join(f"\n{each}" for each in doubt), style="not bold")
            table.add_column("Heat, %")
            last = Text(_heat(prediction))
        else:
            table.add_column("Next", overflow="fold", style="dim")
            following = prediction.probabilities[1:]
            others = [f"{each.label} {percent(each.probability)}" for each in following]
            last = _text(", ".join([*doubt, *others]))
        table.add_row(image, best, percent(prediction.probability), last)
        return table


def _heat(prediction: Prediction) -> str:
    rows = prediction.heat if isinstance(prediction, Explanation) else ()
    return "\n".join("".join(f"{round(100 * value):4}" for value in row) for row in rows)


def models_table(models: Iterable[Model]) -> Table:
    """Return a row per model: its state, version, labels (if any has one), input and classes."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Model", overflow="fold", style="bold")
    table.add_column("State", overflow="fold")
    table.add_column("Version", justify="right")
    found = list(models)
    labelled = any(model.version_labels for model in found)
    if labelled:
        table.add_column("Labels", overflow="fold")
    table.add_column("Input", no_wrap=True)
    table.add_column("Classes", overflow="fold")
    for model in found:
        table.add_row(
            _text(model.name),
            _text(model.state),
            "" if model.version is None else str(model.version),
            *([_text(_version_labels(model))] if labelled else []),
            "×".join(str(size) for size in model.input_shape or ()),
            _text(", ".join(model.labels) or model.detail),
        )
    return table


def _version_labels(model: Model) -> str:
    """Return such as "stable 3, canary 4 (10%)"."""
    return ", ".join(
        f"{each.label} {each.version}" + (f" ({each.share:.0%})" if 0 < each.share < 1 else "")
        for each in model.version_labels
    )


def _text(text: str) -> Text:
    """Return a table cell that is not searched for rich's markup."""
    return Text(one_line(text))
