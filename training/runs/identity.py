"""What a run depends on: a run is continued only if its identity is the same.

`changes` says in a few words how two identities differ.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from training.backends import backend_name
from training.overrides import recorded_settings, renamed, with_defaults
from training.provenance import code_digest
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.data.datasets import DataSet

_STEPS = (
    "training.data.loading",
    "training.fitting.feature_cache",
    "training.fitting.fit",
    "training.trust.calibrate_and_evaluate",
    "training.backends.jax_backend",
    "training.backends.tensorflow_backend",
)
_PACKAGES = {
    "jax": ("jax", "jaxlib", "keras", "numpy", "pillow", "scipy"),
    "tensorflow": ("keras", "numpy", "pillow", "scipy", "tensorflow"),
}
_OPTIONAL = "pi-heif"
_DIGESTS = {
    "code": "the code has changed",
    "data": "the photos have changed",
    "weights": "other pretrained weights",
    "started_from": "started from other weights",
}


def code_of(recipe: Recipe) -> str:
    """Return a digest of the code that determines the weights and figures of a recipe's runs.

    That is the code of loading, preparation, network, fitting and calibration, and the recipe's own
    file. What commands print and how models are judged and published is not part of it.

    Raises:
        UsageError: there is no such data set.
    """
    # Listing recipes does without their NumPy.
    from serving.photos.registry import module_of
    from training.data.loading import dataset_named

    code = code_digest(
        [
            *_STEPS,
            dataset_named(recipe.dataset).load.__module__,
            module_of(recipe.preparation),
            type(recipe.network).__module__,
        ]
    )
    return hashlib.sha256((code + recipe.file_digest).encode()).hexdigest()


def package_versions(backend: str) -> dict[str, str]:
    """Return the versions of the packages that compute with a backend."""
    found = {name: version(name) for name in _PACKAGES[backend]}
    with contextlib.suppress(PackageNotFoundError):  # Only photos in HEIC need it.
        found[_OPTIONAL] = version(_OPTIONAL)
    return found


@dataclass(frozen=True)
class RunIdentity:
    """Everything that a run depends on; equal identities mean the same run.

    Attributes:
        recipe: the recipe's name.
        model: the name under which it is published.
        parameters: all hyperparameters, overrides and seed included.
        network: class of the network.
        dataset: the data set's name.
        preparation: from photo to pixels.
        input_shape: height, width, channels.
        data: digest of the data set, with those of own photos.
        photos: number of photos for training, validation and test; some may be left out.
        code: digest of the sources; see `code_of`.
        deterministic: whether it is fitted so that the result is the same bit by bit.
        weights: digest of the file of pretrained weights; empty without one.
        backend: of Keras.
        packages: versions of the packages that compute.
        started_from: digest of the weights, or of the checkpoint, that it started from; empty
            without `--from`.
    """

    recipe: str
    model: str
    parameters: dict[str, Any]
    network: str
    dataset: str
    preparation: str
    input_shape: tuple[int, ...]
    data: str
    photos: tuple[int, ...]
    code: str
    deterministic: bool
    weights: str
    backend: str
    packages: dict[str, str]
    started_from: str = ""

    @property
    def key(self) -> str:
        """The end of the name of the run's folder: 12 hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def run_identity(
    recipe: Recipe, data: "DataSet", *, deterministic: bool, weights: str = ""
) -> RunIdentity:
    """Return the identity of a run with the current code, backend and packages."""
    backend = backend_name()
    return RunIdentity(
        recipe=recipe.name,
        model=recipe.model,
        parameters=recorded_settings(recipe),
        network=type(recipe.network).__name__,
        dataset=recipe.dataset,
        preparation=recipe.preparation,
        input_shape=recipe.shape,
        data=data.whole_digest,
        photos=tuple(map(len, data.splits)),
        code=code_of(recipe),
        deterministic=deterministic,
        weights=weights,
        backend=backend,
        packages=package_versions(backend),
    )


def changes(then: Mapping[str, Any], now: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """Say what differs between what a run depends on and what it would depend on now.

    A setting that was not recorded counts as having been at its default (`with_defaults`).

    Args:
        then: `parameters` and other facts of a `RunIdentity`, perhaps of an earlier release.
        now: likewise. Facts that only one of the two has are not compared; those that are empty in
            `then` were not recorded.
        recipe: of both, as it is now.

    Returns:
        Phrases such as `epochs 5, now 6`.
    """
    settings = _plain(with_defaults(renamed(then["parameters"]), recipe))
    found = list(_changed(settings, _plain(now["parameters"])))
    before, after = _flat(then), _flat(now)
    shared = [name for name in after if name in before]
    found += _changed({n: before[n] for n in shared}, {n: after[n] for n in shared})
    return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old == "" and name != "started_from":
            yield f"{name} not recorded"
        elif name in _DIGESTS:
            yield _DIGESTS[name]
        else:
            yield f"{name} {_shown(old)}, now {_shown(new)}"


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are not settings, the versions of packages among them."""
    names = [field.name for field in fields(RunIdentity) if field.name in facts]
    found = {name: facts[name] for name in names if name not in ("parameters", "packages")}
    return dict(_plain({**found, **facts.get("packages", {})}))


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON has them, with lists for tuples."""
    return dict(json.loads(json.dumps(value)))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "×".join(map(str, value))
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
