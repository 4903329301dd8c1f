"""The recipe that a call from Python names, with its settings and photos."""

import hashlib
import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.errors import UsageError
from training.overrides import on_own_photos, override, shown_value
from training.provenance import text_digest
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import recipe_named

AnyRecipe = str | Path | Recipe
"""The name of a recipe, the path of a recipe's file, or a recipe."""

_OURS = ("training", "serving")


@dataclass(frozen=True)
class Photos:
    """Which photos a recipe is for.

    Attributes:
        photos: of one's own: a folder with a sub-folder for each class, or a list (.csv, .jsonl);
            None: the recipe's data set.
        data: folder of the recipe's data set; None: only PHOTOLABEL_DATA is searched, then it is
            downloaded.
        model: name of the model; None: the recipe's, or for photos of one's own their folder's.
        shape: height, width and channels of the model's input; None: the recipe's.
        preparation: how photos become pixels; None: the recipe's.
    """

    photos: str | Path | None = None
    data: str | Path | None = None
    model: str | None = None
    shape: tuple[int, int, int] | None = None
    preparation: str | None = None

    @property
    def folder(self) -> Path | None:
        """The folder, or the list, that the data set is loaded from, if one is named."""
        named = self.photos if self.photos is not None else self.data
        return None if named is None else Path(named)


def chosen_recipe(
    recipe: AnyRecipe,
    photos: Photos,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Recipe:
    """Return a recipe for photos, with settings as `--set` has them.

    Raises:
        UsageError: there is no such recipe, setting or folder of photos, or a value is wrong.
    """
    chosen = _with_own_code(recipe) if isinstance(recipe, Recipe) else recipe_named(str(recipe))
    chosen = _named(_on_photos(chosen, photos), photos)
    given = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    chosen = override(chosen, [f"{name}={shown_value(value)}" for name, value in given.items()])
    from training.data.loading import check_splitting  # Imports NumPy, for recipes without faults.

    check_splitting(chosen)
    return chosen


def _on_photos(recipe: Recipe, photos: Photos) -> Recipe:
    if photos.photos is None:
        if photos.shape or photos.preparation:
            raise UsageError("shape and preparation are for your own photos: give photos too")
        return recipe
    if photos.data is not None:
        raise UsageError(
            "photos and data can't be combined: the folder PHOTOLABEL_DATA is searched for"
            " pretrained weights"
        )
    if not Path(photos.photos).exists():
        raise UsageError(f"the folder of photos {photos.photos} does not exist")
    return on_own_photos(recipe, photos.shape, photos.preparation)


def _named(recipe: Recipe, photos: Photos) -> Recipe:
    """Return a recipe for any photos with the name of its model."""
    if recipe.dataset != ANY_PHOTOS:
        if photos.model is not None:
            raise UsageError(
                f"model is for your own photos (photos); {recipe.name} trains {recipe.model}"
            )
        return recipe
    if photos.model is not None:
        return replace(recipe, model=photos.model)
    if recipe.model != ANY_PHOTOS:
        return recipe
    stem = photos.folder.resolve().stem if photos.folder else ""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:64]
    if not name:
        raise UsageError(f"{recipe.name} needs the name of the model, such as model='flowers'")
    return replace(recipe, model=name)


def _with_own_code(recipe: Recipe) -> Recipe:
    """Return a recipe whose runs are other ones when code from a notebook has changed.

    That is the class of its network and the loader of its data set, if they are neither in the
    project nor in the file of a recipe.

    Raises:
        UsageError: their source can't be read.
    """
    if recipe.file:
        return recipe
    from training.data.loading import dataset_named

    used = (type(recipe.network), dataset_named(recipe.dataset).load)
    own = [each for each in used if each.__module__.partition(".")[0] not in _OURS]
    if not own:
        return recipe
    try:
        sources = [textwrap.dedent(inspect.getsource(each)) for each in own]
    except (OSError, TypeError) as error:
        raise UsageError(
            f"the source of {own[0].__qualname__} can't be read ({error}): put it into the file"
            " of a recipe"
        ) from error
    digests = "".join(text_digest(source.encode()) for source in sources)
    return replace(recipe, file_digest=hashlib.sha256(digests.encode()).hexdigest())
