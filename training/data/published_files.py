"""Published files of a data set, downloaded where no folder of the user has them."""

from collections.abc import Sequence
from pathlib import Path

from training.data.datasets import not_found
from training.downloads import Download, downloads_folder, fault_of, fetch_with_bar, keras_folder
from training.errors import TrainingError


def folder_with(files: Sequence[Download], name: str, data: Path | None, keras: str = "") -> Path:
    """Return a folder with all files, complete: of earlier downloads, or else downloaded now.

    Args:
        files: what to download.
        name: of the data set.
        data: where the files were not found, for the error message.
        keras: the folder, below its folder of data sets, where Keras keeps the files.

    Raises:
        TrainingError: a file can't be downloaded or written.
    """
    own = downloads_folder(name)
    for folder in (own, keras_folder("datasets") / keras):
        if all(fault_of(folder / file.name, file) is None for file in files):
            return folder
    try:
        for file in files:
            fetch_with_bar(file, own)
    except TrainingError as error:
        raise TrainingError(
            f"no {name}: {not_found(data, name)}. {error}; or name a folder that has"
            f" {', '.join(file.name for file in files)} with --data or PHOTOLABEL_DATA"
        ) from error
    return own
