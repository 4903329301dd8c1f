"""Results as tables, and text from elsewhere made safe for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..answers import Answer, ExplainedPrediction, Model, Prediction


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


def predictions_table(answers: Sequence[Answer]) -> Table:
    """Return a row per photo: its name, the best class, the next ones."""
    table = _photos_table(answers)
    table.add_column("Probability", justify="right", no_wrap=True)
    table.add_column("Next", overflow="fold", style="dim")
    for prediction in _predictions(answers):
        others = prediction.probabilities[1:]
        table.add_row(
            _text(prediction.image),
            _text(_label(prediction)),
            percent(prediction.probability),
            _text(", ".join(f"{each.label} {percent(each.probability)}" for each in others)),
        )
    return table


def heat_tables(answers: Sequence[Answer]) -> Table:
    """Return a row per photo: its name, the best class, its heat map in percent."""
    table = _photos_table(answers)
    table.add_column("Heat, %", no_wrap=True)
    for prediction in _predictions(answers):
        label = f"{_label(prediction)} {percent(prediction.probability)}"
        rows = prediction.heat if isinstance(prediction, ExplainedPrediction) else ()
        heat = "\n".join("".join(f"{value:4.0%}"[:-1].rjust(4) for value in row) for row in rows)
        table.add_row(_text(prediction.image), _text(label), heat)
    return table


def models_table(models: Iterable[Model]) -> Table:
    """Return a row per model: its state, version, input and classes."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Model", overflow="fold", style="bold")
    table.add_column("State", overflow="fold")
    table.add_column("Version", justify="right")
    table.add_column("Input", no_wrap=True)
    table.add_column("Classes", overflow="fold")
    for model in models:
        table.add_row(
            _text(model.name),
            _text(model.state),
            "" if model.version is None else str(model.version),
            "×".join(str(size) for size in model.input_shape or ()),
            _text(", ".join(model.labels) or model.detail),
        )
    return table


def _photos_table(answers: Sequence[Answer]) -> Table:
    sources = sorted({f"{answer.model}, version {answer.version}" for answer in answers})
    title = _text(" and ".join(sources))
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("Photo", overflow="fold")
    table.add_column("Label", overflow="fold", style="bold")
    return table


def _predictions(answers: Iterable[Answer]) -> Iterator[Prediction]:
    return (prediction for answer in answers for prediction in answer.predictions)


def _label(prediction: Prediction) -> str:
    doubt = " (not recognized)" if prediction.recognized is False else ""
    return prediction.label + doubt


def _text(text: str) -> Text:
    """Return a table cell that is not searched for rich's markup."""
    return Text(one_line(text))
