"""The ready-made studies: one short module each, with a `STUDY`. They are found automatically."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from training.errors import UsageError
from training.experiments.studies.study import Study
from training.recipe_file import described_in


def _listed() -> Iterator[Study]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        found = getattr(importlib.import_module(module.name), "STUDY", None)
        if found:
            yield found


STUDIES: dict[str, Study] = {study.name: study for study in _listed()}


def study_named(name: str) -> Study:
    """Return a ready-made study by its name, or one of your own by the path of its file.

    Raises:
        UsageError: there is no study of that name, or no file of a study.
    """
    if name.endswith(".py"):
        return _read(Path(name).resolve())
    if name not in STUDIES:
        raise UsageError(
            f"there is no study {name!r}; there are {', '.join(STUDIES)}, and path/to/study.py for"
            " your own"
        )
    return STUDIES[name]


def _read(path: Path) -> Study:
    study = described_in(path, Study)
    if study.name in STUDIES:
        raise UsageError(f"{path}: the project has a study {study.name}, choose another name")
    if study.recipe.endswith(".py"):
        return replace(study, recipe=str(path.parent / study.recipe))
    return study
