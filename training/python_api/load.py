"""`load`: a published version or a run as a model that classifies photos."""

from pathlib import Path

from training.errors import TrainingError
from training.python_api.loaded_model import LoadedModel
from training.python_api.session import devices
from training.python_api.trained_run import TrainedRun

Reference = str | Path | TrainedRun | LoadedModel
"""A published version (`NAME`, `NAME/VERSION`, or its folder), a run (its folder, name or key), or
one of these that is loaded already."""


def load(
    reference: Reference, models: str | Path = "models", runs: str | Path = "runs"
) -> LoadedModel:
    """Load a model; it classifies photos as the gateway does.

    Args:
        reference: `clothing` for the version that serves, `clothing/3`, or the folder of a
            version; or a run that was evaluated: the result of `train`, its folder, name or key.
        models: folder of the models.
        runs: folder of the runs.

    Raises:
        TrainingError: there is no such version or run, or it can't be read.
    """
    if isinstance(reference, LoadedModel):
        return reference
    with devices():
        from training.judging.run_model import RunModel
        from training.pipeline.sources import find_source
        from training.publishing.model_folder import model_names
        from training.publishing.published_model import PublishedModel
        from training.publishing.serving_version import find_serving_version

        named = str(reference.folder if isinstance(reference, TrainedRun) else reference)
        name, _, number = named.partition("/")
        # Its card may be missing, if the version was made elsewhere.
        if name in model_names(Path(models)) and (not number or number.isdecimal()):
            return LoadedModel(PublishedModel(find_serving_version(Path(models), named)))
        try:
            found = find_source(named, Path(runs), Path(models))
        except TrainingError as error:
            known = ", ".join(model_names(Path(models))) or "none"
            raise TrainingError(
                f"{named!r} is not a published model in {models} (there are: {known}), and {error}"
            ) from error
        folder = found.folder.absolute()
        return LoadedModel(PublishedModel(folder) if found.is_version else RunModel(folder))
