"""The members of a published archive of dogs-vs-cats, checked before anything is extracted."""

import zipfile
from pathlib import Path, PurePosixPath

from training.data.loaders.cats_dogs import FOLDERS, label_of
from training.data.photo_archives import check_members
from training.data.splits import FEWEST
from training.errors import TrainingError


def checked_members(archive: zipfile.ZipFile, path: Path) -> dict[str, list[zipfile.ZipInfo]]:
    """Return the archive's photos by the folder of their class.

    Raises:
        TrainingError: it has too few photos, two of the same name, or malicious members.
    """
    members = archive.infolist()
    check_members(members, path)
    found = {folder: _labelled(members, label) for folder, label in FOLDERS.items()}
    if any(len(named) < FEWEST for named in found.values()):
        names = archive.namelist()
        advice = "; it holds train.zip: unpack that first" if "train.zip" in names else ""
        raise TrainingError(
            f"{path} has too few photos named train/cat.N.jpg and train/dog.N.jpg, or"
            f" PetImages/Cat/N.jpg and PetImages/Dog/N.jpg{advice}"
        )
    return found


def _labelled(members: list[zipfile.ZipInfo], label: str) -> list[zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        if label_of(member.filename) == label:
            name = photo_name(member.filename, label)
            if name in found:
                raise TrainingError(
                    f"the archive has two photos named {name}: {found[name].filename} and"
                    f" {member.filename}"
                )
            found[name] = member
    return list(found.values())


def photo_name(path: str, label: str) -> str:
    """Return the name of an extracted photo, `cat.N.jpg`, also for `PetImages/Cat/N.jpg`."""
    name = PurePosixPath(path).name
    return name if name.startswith(f"{label}.") else f"{label}.{name}"
