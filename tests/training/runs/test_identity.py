"""The key of a run: what determines its result, and nothing else."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from training import provenance
from training.data.datasets import DataSet
from training.overrides import hyperparameters
from training.provenance import imported
from training.recipe import Recipe
from training.recipes import RECIPES
from training.runs import identity as identities
from training.runs.identity import _OPTIONAL, _PACKAGES, RunIdentity, changes, code_of, run_identity
from training.settings import Snapshots

RECIPE = RECIPES["clothing-cnn"]
NO_CODE = "code not recorded"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def identity(photos: DataSet) -> RunIdentity:
    return run_identity(RECIPE, photos, deterministic=False)


def test_everything_a_run_depends_on_is_in_its_key(
    photos: DataSet, identity: RunIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [
        run_identity(replace(RECIPE, seed=2), photos, deterministic=False),
        run_identity(replace(RECIPE, epochs=2), photos, deterministic=False),
        run_identity(replace(RECIPE, model="garments"), photos, deterministic=False),
        run_identity(replace(RECIPE, preparation="garment/1"), photos, deterministic=False),
        run_identity(RECIPES["clothing-dense128-adam"], photos, deterministic=False),
        run_identity(RECIPE, replace(photos, digest="4567"), deterministic=False),
        run_identity(RECIPE, replace(photos, training=photos.test), deterministic=False),
        run_identity(RECIPE, photos, deterministic=True),
        run_identity(RECIPE, photos, deterministic=False, weights="89"),
    ]
    monkeypatch.setattr(identities, "version", lambda name: f"{name} 99")
    others.append(run_identity(RECIPE, photos, deterministic=False))
    monkeypatch.undo()
    monkeypatch.setattr(identities, "code_of", lambda recipe: "other")
    others.append(run_identity(RECIPE, photos, deterministic=False))
    monkeypatch.undo()
    others.append(replace(identity, backend="jax"))

    assert len({identity.key, *(other.key for other in others)}) == 1 + len(others)


def test_texts_and_floor_of_a_recipe_are_not_in_the_key(
    photos: DataSet, identity: RunIdentity
) -> None:
    other = replace(RECIPE, what="Something.", expected="99%", reference_result="98%", floor=0.5)
    assert run_identity(other, photos, deterministic=False).key == identity.key


def test_a_deterministic_run_of_another_backend_is_another_run(
    photos: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jax")
    keys = set()
    for backend in ("tensorflow", "jax"):
        monkeypatch.setenv("KERAS_BACKEND", backend)
        keys.add(run_identity(RECIPE, photos, deterministic=True).key)
    assert len(keys) == 2


CONSTANTS = {
    "training/data/augmentation.py": (
        "crop_aspect ** (stretch - 0.5)",
        "crop_aspect ** (stretch - 0.4)",
    ),
    "training/data/loaders/fashion_mnist.py": ("(0, 8, dimensions)", "(0, 9, dimensions)"),
    "training/data/splits.py": ("20_170_825", "20_170_826"),
    "training/fitting/fit.py": ("_VALIDATION_BATCH = 256", "_VALIDATION_BATCH = 512"),
    "training/networks/residual.py": ("127.5", "128"),
    "training/trust/recognition_threshold.py": ("_SEED = 0", "_SEED = 1"),
    "serving/photos/background.py": ("range(4)", "range(5)"),
    "serving/photos/garment_v2.py": ("_SIDE = 84", "_SIDE = 80"),
    "serving/photos/preparation.py": ("0x0112", "0x0113"),
}


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the sources, which digests are made of."""
    for package in ("training", "serving/photos"):
        for path in (ROOT / package).rglob("*.py"):
            copied = tmp_path / path.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(path.read_bytes())
    monkeypatch.setattr(provenance, "_PROJECT", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """Have the sources read again, as a new process does."""
    provenance._content.cache_clear()


def code_with(path: Path, old: str, new: str) -> str:
    """Return the digest of the code with a file edited."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    forget()
    return code_of(RECIPE)


@pytest.mark.parametrize("file", CONSTANTS)
def test_an_edited_constant_makes_another_run_and_an_edited_docstring_does_not(
    sources: Path, file: str
) -> None:
    before = code_of(RECIPE)
    docstring = ast.get_docstring(ast.parse((sources / file).read_text("utf-8")), clean=False)

    assert code_with(sources / file, docstring or "", "Edited.") == before
    assert code_with(sources / file, *CONSTANTS[file]) != before


@pytest.mark.parametrize(
    "file",
    [
        "training/commands/results.py",
        "training/errors.py",
        "training/judging/results.py",
        "training/networks/wide.py",
        "training/publishing/gate.py",
        "training/recipes/clothing_cnn.py",
        "training/report/page.py",
        "serving/photos/headers/png.py",
        "serving/photos/squash_v1.py",
    ],
)
def test_code_that_does_not_determine_the_result_makes_no_other_run(
    sources: Path, file: str
) -> None:
    before = code_of(RECIPE)
    assert code_with(sources / file, '"""', '_EDITED = 1\n"""') == before


def modules() -> list[Path]:
    """Return the files of the modules that determine the runs of any recipe."""
    return [provenance._file(name) for name in imported(identities._STEPS)]


def test_modules_imported_by_a_computed_name_are_known() -> None:
    """The digest does not follow such imports: `code_of` has to name what they import."""
    computed = [path for path in modules() if "import_module(" in path.read_text("utf-8")]
    assert {path.relative_to(ROOT).as_posix() for path in computed} == {
        "serving/photos/__init__.py",
        "training/__init__.py",  # For `from training import train`, which nothing here does.
        "training/backends/__init__.py",
        "training/data/loading.py",
        "training/networks/normalisation.py",  # TensorFlow, which it may do without.
    }


def test_packages_that_compute_are_in_the_key() -> None:
    found: set[str] = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    named = {_OPTIONAL, *(name for names in _PACKAGES.values() for name in names)}
    compute = {name.replace("pillow", "PIL").replace("-", "_") for name in named}
    others = {"filelock", "pydantic", "rich", "serving", "training"}
    assert found - set(sys.stdlib_module_names) - others <= compute


def test_a_setting_that_did_not_exist_counts_as_its_default() -> None:
    now = {"parameters": hyperparameters(RECIPE)}
    then = {
        "parameters": {k: v for k, v in now["parameters"].items() if k not in ("jit", "epochs")}
    }

    assert changes(then, now, RECIPE) == ["epochs 10, now 24"]
    assert changes(then, {"parameters": {**now["parameters"], "epochs": 10}}, RECIPE) == []


def test_a_part_that_did_not_exist_counts_as_absent() -> None:
    """That all of its settings are at their defaults does not mean that it changes nothing."""
    recipe = replace(RECIPE, snapshots=Snapshots())
    found = changes({"parameters": hyperparameters(RECIPE)}, parameters_of(recipe), recipe)
    assert "snapshots.share none, now 0.4" in found


def test_a_part_that_is_gone_is_a_change() -> None:
    recipe = replace(RECIPE, snapshots=Snapshots(turn=5.0))
    found = changes(parameters_of(recipe), parameters_of(RECIPE), RECIPE)
    assert "snapshots.turn 5.0, now none" in found


def test_values_are_shown_as_they_are_set() -> None:
    changed = {"held_out": 0.0, "optimizer": "sgd", "epochs": 1}
    then = {"parameters": {**hyperparameters(RECIPE), **changed}, "deterministic": False}
    assert changes(then, {**parameters_of(RECIPE), "deterministic": True}, RECIPE) == [
        "held_out 0.0, now 0.05",
        "epochs 1, now 24",
        "optimizer sgd, now adamw",
        "deterministic false, now true",
    ]


def test_facts_that_one_of_two_runs_does_not_have_are_not_compared(identity: RunIdentity) -> None:
    then = {**parameters_of(RECIPE), "input_shape": [28, 28, 3], "code": ""}
    assert changes(then, asdict(identity), RECIPE) == ["input_shape 28×28×3, now 28×28×1", NO_CODE]


def parameters_of(recipe: Recipe) -> dict[str, Any]:
    return {"parameters": hyperparameters(recipe)}
