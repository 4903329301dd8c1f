"""A published model's predictions for files, prepared and classified as the gateway does it."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.photos.errors import BadPhoto
from training.console import counted
from training.data.class_folders import PHOTO_FILES, LeftOut, left_out_line, photos_below
from training.data.photo_limits import prepare_photo
from training.data.prepared_photos import Source
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.publishing.published_model import PublishedModel
from training.threads import mapped

_AT_ONCE = 64  # Photos, prepared and in memory.


@dataclass(frozen=True)
class FilePrediction:
    """What a model predicts for a file, or why it can't.

    Attributes:
        image: the file as it was named; in a named folder, with its path below that.
        ranked: every label with its probability, most probable first; empty if it can't be read.
        recognized: whether it resembles the training photos; None if the model can't tell.
        fault: why it can't be read; empty otherwise.
    """

    image: str
    ranked: tuple[tuple[str, float], ...] = ()
    recognized: bool | None = None
    fault: str = ""


def photos_in(paths: Sequence[Path]) -> tuple[list[Source], list[str]]:
    """Return the photos that paths name, and lines about other files.

    Of a folder, these are the files in it and in its sub-folders that are named like photos. What
    does not exist is returned too: it can't be read.

    Raises:
        TrainingError: a folder has no photos, or can't be read.
    """
    found, notes = [], []
    for path in paths:
        if not path.is_dir():
            found.append(Source(str(path), path.read_bytes, str(path.absolute())))
            continue
        left_out = LeftOut()
        inside = photos_below(path, path, left_out)
        photos = [each for each in inside if PHOTO_FILES.fullmatch(each.name)]
        if not photos:
            raise TrainingError(f"the folder {path} has no photos")
        left_out["not named like photos"] += len(inside) - len(photos)
        if line := left_out_line(left_out):
            notes.append(f"{path}: {line}")
        found += [Source(str(path / each.name), each.read, each.path) for each in photos]
    return found, notes


def predict_files(
    model: PublishedModel, photos: Sequence[Source], progress: ProgressCallback
) -> Iterator[FilePrediction]:
    """Yield the prediction for each photo, in order; `progress` counts the photos."""

    def prepare(photo: Source) -> np.ndarray | str:
        try:
            return prepare_photo(photo.read(), model.preparation, model.shape)
        except BadPhoto as error:
            return error.detail
        except (OSError, zipfile.BadZipFile) as error:
            return getattr(error, "strerror", None) or str(error)

    for start in range(0, len(photos), _AT_ONCE):
        chosen = photos[start : start + _AT_ONCE]
        prepared = list(mapped(prepare, chosen))
        yield from _predicted(model, [photo.name for photo in chosen], prepared)
        progress(start + len(chosen), len(photos))


def _predicted(
    model: PublishedModel, names: Sequence[str], prepared: Sequence[np.ndarray | str]
) -> Iterator[FilePrediction]:
    good = [each for each in prepared if not isinstance(each, str)]
    outputs = model.predict(np.stack(good)) if good else {"probabilities": np.empty((0, 0))}
    rows: Iterator[list[float]] = iter(outputs["probabilities"].tolist())
    recognized = outputs.get("recognized")
    known = iter([None] * len(good) if recognized is None else map(bool, recognized))
    for name, each in zip(names, prepared, strict=True):
        if isinstance(each, str):
            yield FilePrediction(name, fault=each)
            continue
        row = next(rows)
        order = sorted(range(len(row)), key=row.__getitem__, reverse=True)  # As the gateway.
        ranked = tuple((model.labels[index], row[index]) for index in order)
        yield FilePrediction(name, ranked, next(known))


def check_all_read(predictions: Sequence[FilePrediction]) -> None:
    """Raise TrainingError if some photos could not be read."""
    faults = sum(bool(each.fault) for each in predictions)
    if faults:
        raise TrainingError(f"{counted(faults, 'photo')} of {len(predictions):,} can't be read")
