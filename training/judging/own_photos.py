"""The photos of a user to score a model on, with labels of the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from training.console import counted, say
from training.data.label_names import OTHER
from training.data.own_photos import own_photos
from training.data.prepared_photos import Source
from training.errors import TrainingError
from training.judging.scored_model import ScoredModel


@contextmanager
def labelled_sources(
    model: ScoredModel, path: Path, split: str, console: Console
) -> Iterator[list[tuple[Source, int]]]:
    """Provide the photos of a folder, a zip file or a list, each with the index of its label.

    They can be read within the context. Photos of none of the classes are left out, and a line says
    how many.

    Raises:
        TrainingError: there are no such photos, none in the split, or a label that the model lacks.
    """
    if not path.exists():
        raise TrainingError(f"the folder of photos {path} does not exist")
    notes: list[str] = []
    with own_photos(path, model.labels, notes) as photos:
        chosen = [photo for photo in photos if photo.split in ("", split)]
        known = [photo for photo in chosen if photo.label in model.labels]
        if others := len(chosen) - len(known):
            say(console, f"not scored: {counted(others, 'photo')} of {OTHER!r}, which is no label")
        if not chosen:
            raise no_photos(path, split)
        if not known:
            raise TrainingError(
                f"{path} has no photos to score: all of them are of {OTHER!r}; `unknowns"
                f" {model.name} --photos` says how many of those are recognized"
            )
        yield [(photo.source, model.labels.index(photo.label)) for photo in known]
    for line in notes:
        say(console, line)


def no_photos(where: object, split: str) -> TrainingError:
    """Return the error for a split without photos."""
    return TrainingError(f"{where} has no {split} photos; take another --split")
