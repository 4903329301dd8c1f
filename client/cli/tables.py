"""Answers as tables for people, and texts from elsewhere made safe for a terminal."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from client.answers import Answer, ClassProbability, ExplainedPrediction, Model, Prediction


def one_line(text: str) -> str:
    """Return a text as one line without characters that would steer a terminal.

    File names and answers may hold any character; what can't be printed is shown as its escape.
    """
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in " ".join(text.split())
    )


def percent(probability: float) -> str:
    """Return a probability in per cent, such as `93.0%`; a tiny one is not shown as none."""
    return "<0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"


def predictions_table(answers: Sequence[Answer]) -> Table:
    """Return a row for each photo: its name, the best class, the next ones."""
    table = Table(title=_source(answers), title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("Photo", overflow="fold")
    table.add_column("Label", overflow="fold", style="bold")
    table.add_column("Probability", justify="right", no_wrap=True)
    table.add_column("Next", overflow="fold", style="dim")
    for prediction in (each for answer in answers for each in answer.predictions):
        table.add_row(
            _text(prediction.image),
            _text(_label(prediction)),
            percent(prediction.probability),
            _text(_classes(prediction.probabilities[1:])),
        )
    return table


def heat_tables(answers: Sequence[Answer]) -> Table:
    """Return a row for each photo: its name, the best class, its heat map in per cent."""
    table = Table(title=_source(answers), title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("Photo", overflow="fold")
    table.add_column("Label", overflow="fold", style="bold")
    table.add_column("Heat, %", no_wrap=True)
    for prediction in (each for answer in answers for each in answer.predictions):
        label = f"{_label(prediction)} {percent(prediction.probability)}"
        rows = prediction.heat if isinstance(prediction, ExplainedPrediction) else ()
        heat = "\n".join("".join(f"{value:4.0%}"[:-1].rjust(4) for value in row) for row in rows)
        table.add_row(_text(prediction.image), _text(label), heat)
    return table


def models_table(models: Iterable[Model]) -> Table:
    """Return a row for each model: its state, versions, input and classes."""
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


def _source(answers: Sequence[Answer]) -> Text:
    models = sorted({f"{answer.model}, version {answer.version}" for answer in answers})
    return _text(" and ".join(models))


def _label(prediction: Prediction) -> str:
    doubt = " (not recognized)" if prediction.recognized is False else ""
    return prediction.label + doubt


def _classes(classes: Iterable[ClassProbability]) -> str:
    return ", ".join(f"{each.label} {percent(each.probability)}" for each in classes)


def _text(text: str) -> Text:
    """Return a cell; unlike a plain string it is not searched for markup."""
    return Text(one_line(text))
