"""`compare`: which of several recipes, or of several published versions, is better."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from training.errors import UsageError
from training.experiments.study_folder import make_folder, study_folder
from training.publishing.model_folder import find_version, is_version
from training.python_api.chosen_recipe import AnyRecipe, Photos, chosen_recipe
from training.python_api.session import Device, console, devices, quiet_imports
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.experiments.comparison.competitors import Competitor
    from training.experiments.comparison.versions import VersionVerdict


@dataclass(frozen=True, repr=False)
class Comparison:
    """Which of several recipes, or published versions, is better.

    Attributes:
        errors: of recipes: a row for each split, with `split` (from 1) and for each recipe a column
            with its error in percent of the photos that it was not trained on (NaN where its
            training has failed). Of versions: one row, with the error of each in percent.
        verdicts: a row for each pair. Columns: `a` and `b`; `difference`, the error of `a` minus
            that of `b` in percentage points (below 0 `a` is better), and the ends of its 95%
            interval, `low` and `high`; `p`, and `p_corrected` for several comparisons; `sentence`,
            all that in words. Of recipes also `effect_size` (Cohen's d), `splits`, and
            `splits_needed` to show such a difference (missing if no number would).
        report: of recipes: the page `report.html`, with PNG and CSV files beside it.
    """

    errors: pd.DataFrame
    verdicts: pd.DataFrame
    report: Path | None

    def __repr__(self) -> str:
        """Return the verdicts in words."""
        return "\n".join(f"<Comparison: {sentence}>" for sentence in self.verdicts["sentence"])


def compare(
    compared: Sequence[AnyRecipe] | Mapping[str, AnyRecipe],
    *,
    splits: int = 20,
    share: float = 0.8,
    photos: str | Path | None = None,
    data: str | Path | None = None,
    shape: tuple[int, int, int] | None = None,
    preparation: str | None = None,
    settings: Mapping[str, Any] | None = None,
    study: str | None = None,
    output: str | Path | None = None,
    storage: str | None = None,
    models: str | Path = "models",
    device: Device = "auto",
    progress: bool = False,
) -> Comparison:
    """Compare recipes on random splits of the photos, or published versions on the same photos.

    It is the command `compare`. Each recipe is trained from fresh random weights on each split, and
    the errors are compared by the corrected paired t test of Nadeau and Bengio (2003); the test
    photos are not looked at. Interrupted, the same call goes on. Versions are compared by the exact
    McNemar test, on photos that none of them was trained on.

    Args:
        compared: two or more recipes, each its name, perhaps with settings of its own
            (`clothing-fast:epochs=8`), the path of its file, or a recipe; with labels of your own
            in a mapping. Or two or more versions, `NAME/VERSION`.
        splits: number of random splits.
        share: of the photos of each split that are trained on.
        photos: your own photos, as of `train`; so are `data`, `shape`, `preparation`, `settings`
            (those of all recipes) and `device`. Versions: the labelled photos to compare them on;
            None: their test photos.
        data: see `train`.
        shape: see `train`.
        preparation: see `train`.
        settings: see `train`.
        study: its name; None: made of the recipes.
        output: folder of the report; None: `experiments/<study>`.
        storage: database of the study, where other machines take part; None: `study.db` in the
            output folder.
        models: folder of the models, for versions.
        device: see `train`.
        progress: show the bars and lines of the command.

    Raises:
        UsageError: fewer than two, an unknown recipe or setting, or recipes for different photos.
        TrainingError: all trainings of a recipe have failed, or photos are missing.
        KeyboardInterrupt, Preempted: interrupted; the same call goes on.
    """
    shown = console(progress)
    listed = [*compared]
    if listed and all(isinstance(each, str) and is_version(each) for each in listed):
        with devices(device):
            folders = [str(each) for each in listed]
            return _versions(folders, Path(models), photos, data, shown)
    what = Photos(photos, data, None, shape, preparation)
    with quiet_imports():
        found = _competitors(compared, what, settings or {})
    with devices(device) as used:
        from training.experiments.comparison.competitors import comparison_name
        from training.experiments.comparison.outcome import conclude
        from training.experiments.comparison.plan import plan_comparison
        from training.experiments.comparison.trainings import Trainings
        from training.experiments.report.page import PAGE

        name = study or comparison_name(found)
        folder, address = study_folder(name, output, storage)
        plan = plan_comparison(name, address, found, splits, share, what.folder, shown)
        make_folder(folder)
        queue = plan.queue()
        Trainings(plan, folder, what.folder, used, shown).work(queue)
        ended = conclude(plan, queue, folder, shown)
    frame = pd.DataFrame([asdict(verdict) for verdict in ended.verdicts])
    frame["splits_needed"] = frame["splits_needed"].astype("Int64")
    return Comparison(ended.errors, frame, folder / PAGE)


def _competitors(
    compared: Sequence[AnyRecipe] | Mapping[str, AnyRecipe],
    photos: Photos,
    settings: Mapping[str, Any],
) -> "list[Competitor]":
    from training.experiments.comparison.competitors import competitors, name_and_settings

    named: list[tuple[str, Recipe]] = []
    labels = [*compared] if isinstance(compared, Mapping) else []
    for number, each in enumerate(compared.values() if labels else compared):  # type: ignore[union-attr]
        reference, own = each, list[str]()
        if isinstance(each, str):
            reference, own = name_and_settings(each)
        changed = {**settings, **dict(assignment.split("=", 1) for assignment in own)}
        if "seed" in changed:
            raise UsageError("seed has no effect: each split is trained with a seed of its own")
        recipe = chosen_recipe(reference, photos, changed)
        label = ":".join(filter(None, [recipe.name, ",".join(own)]))
        named.append((labels[number] if labels else label, recipe))
    return competitors(named)


def _versions(
    references: Sequence[str],
    models: Path,
    photos: str | Path | None,
    data: str | Path | None,
    shown: Console,
) -> Comparison:
    from training.experiments.comparison.versions import compare_versions

    folders = [find_version(models, each) for each in references]
    labelled, data_sets = (None if path is None else Path(path) for path in (photos, data))
    found = compare_versions(folders, labelled, data_sets, shown)
    errors: dict[str, float] = {}
    for each in found:
        wrong, total = each.neither, each.difference.photos
        errors[each.a] = 100 * (wrong + each.difference.lost) / total
        errors[each.b] = 100 * (wrong + each.difference.gained) / total
    return Comparison(pd.DataFrame([errors]), pd.DataFrame(map(_row, found)), None)


def _row(verdict: "VersionVerdict") -> dict[str, Any]:
    """Return a row of `Comparison.verdicts`: errors, where the verdict has accuracies."""
    accuracy = verdict.difference
    return {
        "a": verdict.a,
        "b": verdict.b,
        "difference": -100 * accuracy.estimate,
        "low": -100 * accuracy.high,
        "high": -100 * accuracy.low,
        "p": verdict.p,
        "p_corrected": verdict.p_corrected,
        "sentence": verdict.sentence,
    }
