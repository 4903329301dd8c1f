"""Recipes, data sets and networks that are not part of the project."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.__main__ import main
from training.data import loading
from training.data.loading import check_splitting
from training.errors import UsageError
from training.recipe_file import read_recipe
from training.recipes import RECIPES

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "own-photos.md").read_text("utf-8")

ONE_LINE = """
from dataclasses import replace
from training.networks.dense import DenseNetwork
from training.recipes import RECIPES
RECIPE = replace(RECIPES["clothing-dense128-adam"], name="mine", {changes})
"""


def documented(title: str) -> tuple[str, list[str]]:
    """Return the code of a section of docs/own-photos.md and the words of its last command."""
    section = DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.S)
    command = re.findall(r"```sh\n(.*?)```", section, re.S)[-1]
    return code, shlex.split(command)


def write_squares(folder: Path) -> None:
    random = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    for prefix, count in (("", 100), ("test_", 40)):
        classes = np.arange(count) % 2
        levels = random.integers(0, 100, (count, 8, 8, 1)) + 150 * classes[:, None, None, None]
        arrays |= {f"{prefix}photos": levels.astype(np.uint8), f"{prefix}classes": classes}
    np.savez(folder / "squares.npz", **arrays)  # type: ignore[arg-type]  # NumPy's own stub.


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget after each test the data sets that it has registered."""
    loading.dataset_named("mnist")
    monkeypatch.setattr(loading, "_registered", dict(loading._registered))


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """Return a folder with the data set of docs/own-photos.md, and its files."""
    write_squares(tmp_path)
    (tmp_path / "squares.py").write_text(documented("A data set of your own")[0], "utf-8")
    (tmp_path / "stripes.py").write_text(documented("A network of your own")[0], "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("title", "recipe", "file"),
    [
        ("A data set of your own", "squares-dense", "squares.py"),
        ("A network of your own", "squares-stripes", "stripes.py"),
    ],
)
def test_the_documented_steps_train_and_publish(
    title: str, recipe: str, file: str, squares: Path
) -> None:
    _, (_, *arguments) = documented(title)

    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=squares,
        env={"PYTHONPATH": str(ROOT), "PHOTOLABEL_CACHE": str(squares / "cache"), "HOME": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "squares: 90 photos to train on, 10 for validation, 40 for the test" in done.stdout
    card = json.loads((squares / "models/squares/1/assets.extra/model_card.json").read_text())
    assert card["recipe"] == recipe
    assert card["labels"] == ["dark", "light"]
    if title == "A network of your own":
        assert card["parameters"]["network.channels"] == 3
    (run,) = (squares / "runs" / recipe).glob("*/run.json")
    assert json.loads(run.read_text())["recipe_file"] == str(squares / file)
    assert str(squares) not in json.dumps(card)


def forget_new_facts(path: Path) -> None:
    """Leave in a run's file what earlier releases wrote."""
    facts = json.loads(path.read_text("utf-8"))
    for name in ("network", "dataset", "preparation", "input_shape", "photos", "backend"):
        del facts[name]
    path.write_text(json.dumps(facts), "utf-8")


@pytest.mark.integration
def test_other_commands_work_with_a_run_of_a_recipe_file(
    squares: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = squares / "squares.py"
    recipe.write_text(recipe.read_text().replace("held_out=0.1", "held_out=0.1, floor=0.999"))
    run = ["run", "--recipe", "squares.py", "--data", ".", "--set", "epochs=1", "--publish"]
    slow = ["--set", "learning_rate=0.0"]
    assert main([*run, *slow]) == 3  # Refused: nothing is published yet.
    (folder,) = (squares / "runs" / "squares-dense").iterdir()
    forget_new_facts(folder / "run.json")
    moved = squares / "elsewhere"
    moved.mkdir()
    recipe.rename(moved / "squares.py")

    publish = ["publish", str(folder), "--data", ".", "--force"]
    capsys.readouterr()
    assert main(publish) == 2
    error = capsys.readouterr().err
    assert error == (
        f"error: the recipe file {recipe} of this run is gone: name where it is now with --recipe\n"
    )
    assert main(["report", str(folder)]) == 0
    assert main(["results", "--output", "results.md"]) == 0
    assert main([*publish, "--recipe", str(moved / "squares.py")]) == 0
    assert Path("models/squares/1").is_dir()
    assert main(["evaluate", "squares", "--data", "."]) == 1
    assert "was trained by the unknown recipe 'squares-dense'" in capsys.readouterr().err
    evaluate = ["evaluate", "squares", "--data", ".", "--recipe", str(moved / "squares.py")]
    assert main(evaluate) == 0
    assert "squares/1 on the test photos of squares" in capsys.readouterr().out
    assert main(["unknowns", "squares"]) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no recipe file "),
        ("RECIPE = Recipe(", "own.py, line 1: SyntaxError: '(' was never closed"),
        ("import no_such_module", "own.py, line 1: ModuleNotFoundError: No module named 'no_such_"),
        ("\n1 / 0", "own.py, line 2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "own.py, line 1: SystemExit: 3"),
        ("recipe = 1", "own.py has no RECIPE: it needs RECIPE = Recipe(...)"),
        ("RECIPE = {'epochs': 3}", "own.py has a RECIPE of type dict: it needs RECIPE = Recipe("),
        (
            ONE_LINE.format(changes="optimizer='rmsprop'"),
            "own.py, line 5: optimizer is one of adam, adamw, sgd, not 'rmsprop'",
        ),
        (
            ONE_LINE.format(changes="network=DenseNetwork(units=0)"),
            "own.py, line 5: units is at least 1, not 0",
        ),
        (ONE_LINE.format(changes="weight_decay=0.1"), "line 5: weight_decay has no effect with"),
        (ONE_LINE.format(changes="dataset='none'"), "unknown data set 'none'; known: "),
        (ONE_LINE.format(changes="split_seed=2"), "split_seed has no effect: fashion-mnist has"),
        (
            ONE_LINE.format(changes="").replace('"mine"', '"clothing-cnn"'),
            "the project has a recipe clothing-cnn, choose another name",
        ),
    ],
)
def test_an_error_in_a_recipe_file_is_one_line(
    content: str | None, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "own.py").write_text(content)

    assert main(["run", "--recipe", "own.py"]) == 2

    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_recipe_without_effect_on_its_data_set_is_refused() -> None:
    pets = replace(RECIPES["cats-dogs-cnn"], held_out=0.1)
    with pytest.raises(UsageError, match="held_out has no effect: dogs-vs-cats has its own"):
        check_splitting(pets)


def test_a_data_set_name_is_registered_only_once(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from training.data.loading import dataset, dataset_named\n"
        "dataset_named('mnist')\n"
        "dataset('mnist')(lambda recipe, data, progress: None)\n"
    )

    with pytest.raises(UsageError, match="mnist has a data set 'mnist' already"):
        read_recipe(tmp_path / "own.py")


def test_a_recipe_file_may_be_imported_by_another(squares: Path) -> None:
    first, second = (read_recipe(squares / name) for name in ("squares.py", "stripes.py"))

    assert (first.dataset, second.dataset) == ("squares", "squares")
    assert first.file_digest != second.file_digest


@pytest.mark.parametrize("field", ["name", "model"])
@pytest.mark.parametrize("value", ["../x", "", ".x", "a/b"])
def test_a_name_stays_within_its_folder(field: str, value: str) -> None:
    changed: dict[str, Any] = {field: value}
    with pytest.raises(UsageError, match=f"letters, digits and . _ - only, not {value!r}"):
        replace(RECIPES["clothing-cnn"], **changed)


def test_an_empty_recipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--recipe", ""]) == 2
    assert capsys.readouterr().err.startswith("error: there is no recipe ''")
