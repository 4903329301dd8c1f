"""Removing old versions of a model, except those in use and the best one."""

from contextlib import suppress
from pathlib import Path

from serving.protos import ModelVersionStatus
from serving.repository.model_config import ConfigError, read_config
from serving.repository.pruning import prune
from serving.repository.served_versions import selected_versions
from serving.repository.versions import VersionsError, published_versions
from serving.tls.certificates import TlsFiles
from training.errors import TrainingError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.publishing.rollback.model_servers import connected


def prune_model(
    models: Path,
    name: str,
    keep: int,
    model_server: str | None = None,
    model_config_file: Path | None = None,
    tls: TlsFiles | None = None,
) -> list[int]:
    """Remove all versions of a model except the newest ones, those in use and the best one.

    Versions that `.serving.config` selects are kept as well.

    Args:
        models: folder of the models.
        name: of the model.
        keep: how many of the newest to keep.
        model_server: host:port of its gRPC API; versions that it loads, serves or unloads are kept.
        model_config_file: of the model server; versions that its policy or labels select are kept.
        tls: certificates for the model server; None: plaintext.

    Returns:
        The numbers removed, ascending.

    Raises:
        TrainingError: the model is unknown, or the versions in use are. Nothing is removed then.
    """
    base = models / name
    try:
        published = published_versions(base)
        if not published:
            raise TrainingError(f"there is no published version of {name} in {models}")
        in_use = _best(base, published)
        if model_server:
            in_use |= _loaded(model_server, name, tls)
        if model_config_file:
            in_use |= _configured(model_config_file, name, published)
        return prune(base, keep, in_use)
    except VersionsError as error:
        raise TrainingError(str(error)) from error


def prunable_models(models: Path, model_config_file: Path | None = None) -> list[str]:
    """Return the names of all models with published versions.

    With the model server's config file only those that it names: of the others it is unknown which
    versions are in use.

    Raises:
        TrainingError: the file or the folder can't be read.
    """
    try:
        if model_config_file:
            names = [model.name for model in read_config(model_config_file)]
        else:
            names = sorted(each.name for each in models.iterdir() if each.is_dir())
        return [name for name in names if published_versions(models / name)]
    except (ConfigError, OSError) as error:
        raise TrainingError(f"nothing removed: {error}") from error


def _best(base: Path, published: list[int]) -> set[int]:
    """Return the best version on the data of the newest one: the gate compares new ones with it."""
    found: dict[int, tuple[object, float]] = {}
    for version in published:
        with suppress(TrainingError, AttributeError):
            card = read_card(base / str(version) / VERSION_CARD)
            accuracy = stated_accuracy(card)
            if accuracy is not None:
                found[version] = card.get("data", {}).get("sha256"), accuracy
    if not found:
        return set()
    newest = found[max(found)][0]
    same = [version for version, (data, _) in found.items() if data == newest]
    return {max(same, key=lambda version: (found[version][1], version))}


def _loaded(model_server: str, name: str, tls: TlsFiles | None) -> set[int]:
    """Return the versions that a model server has loaded or is loading."""
    try:
        with connected([model_server], tls, seconds=0) as (server,):
            states = server.states(name).items()
    except TrainingError as error:
        raise TrainingError(f"nothing removed: {error}") from error
    return {version for version, each in states if each.state != ModelVersionStatus.State.END}


def _configured(path: Path, name: str, published: list[int]) -> set[int]:
    """Return the published versions that a config file selects by its policy or its labels."""
    try:
        configured = [model for model in read_config(path) if model.name == name]
    except ConfigError as error:
        raise TrainingError(f"nothing removed: {error}") from error
    return {each for model in configured for each in selected_versions(model, published)}
