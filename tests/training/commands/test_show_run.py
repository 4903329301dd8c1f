"""`runs show`, and the command that it prints."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.conftest import CommandLine
from tests.training.runs.listed import KEY, listed_run
from training.__main__ import main
from training.runs.folders import read_run
from training.runs.references import run_folders
from training.runs.trained_network import load_trained_network


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["runs", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def value_of(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.startswith(f"{name}  ")).removeprefix(name).strip()


def command_of(lines: list[str]) -> str:
    return next(line for line in lines if "python -m training run " in line)


def test_everything_about_a_run_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    hardware = {"device": "CPU", "processor": "A fast one", "cores": 2}
    listed_run(
        tmp_path / "runs",
        "failed",
        fitted=3,
        reason="no space",
        parameters={"epochs": 5},
        data="d" * 64,
        data_folder="/none/data",
        dataset="fashion-mnist",
        trained={"hardware": hardware, "seconds": 12.4, "commit": "abc"},
        packages={"keras": "3.10.0"},
    )
    lines = shown(capsys, "show", "3f22")

    assert lines[0] == f"clothing-cnn/2026-11-27_{KEY}"
    assert value_of(lines, "status") == "failed after 3 of 5 epochs: no space"
    assert value_of(lines, "data") == (
        "fashion-mnist: /none/data (not there any more); 700 training, 150 validation, 150 test"
        " photos"
    )
    assert value_of(lines, "data digest") == "d" * 64
    assert value_of(lines, "fitted") == "3 of 5 epochs, in 12 s"
    assert value_of(lines, "hardware") == "CPU: 2 cores of A fast one"
    assert value_of(lines, "* epochs") == "5 (recipe: 24)"
    assert "* batch_size" not in "\n".join(lines)
    assert "to resume it:" in lines
    assert command_of(lines) == (
        "python -m training run clothing-cnn --set epochs=5 --data /none/data"
    )
    assert any(line.startswith("not the same today: keras 3.10.0, now ") for line in lines)


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        ({"status": "evaluated"}, "run clothing-cnn --fresh"),
        ({"status": "trained"}, "run clothing-cnn"),
        ({"backend": "jax"}, "run clothing-cnn"),
        ({"deterministic": True, "from": "clothing/2"}, "--from clothing/2 --deterministic"),
        ({"data_folder": "/my photos"}, "--data '/my photos'"),
        ({"recipe": "images-mobilenet", "model": "flowers"}, "run images-mobilenet --name flowers"),
        ({"recipe_file": "/gone/mine.py", "changed": {"epochs": 5}}, "--recipe /gone/mine.py --se"),
        ({"parameters": {"network.stages": [4, 8]}}, "--set network.stages=4,8"),
    ],
)
def test_the_command_has_what_makes_the_run_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, facts: dict[str, Any], command: str
) -> None:
    listed_run(tmp_path / "elsewhere", **{"status": "stopped", **facts})
    found = command_of(shown(capsys, "show", KEY, "--runs", "elsewhere"))

    assert command in found.replace(" --runs elsewhere", "")
    assert "--runs elsewhere" in found
    assert ("--fresh" in found) == (facts.get("status") == "evaluated")
    assert found.startswith("KERAS_BACKEND=jax python") == (facts.get("backend") == "jax")


def test_the_command_of_a_recipe_of_ones_own_for_any_photos_names_the_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\nfrom training.recipes import recipe_named\n"
        "RECIPE = replace(recipe_named('images-mobilenet'), name='mine', model='flowers')\n"
    )
    own: dict[str, Any] = {"dataset": "images", "input_shape": [224, 224, 3], "model": "flowers"}
    own |= {"recipe_file": "mine.py", "preparation": "squash/1", "data_folder": "photos"}
    folder = listed_run(tmp_path / "runs", "evaluated", recipe="images-mobilenet", **own)
    facts = read_run(folder) | {"recipe": "mine"}
    (folder / "run.json").write_text(json.dumps(facts))

    assert command_of(shown(capsys, "show", KEY)) == (
        "python -m training run --recipe mine.py --name flowers --shape 224x224x3"
        " --preparation squash/1 --photos photos --fresh"
    )


@pytest.mark.parametrize(
    ("status", "head", "option"),
    [("evaluated", "to publish it:", ""), ("refused", "to publish it anyway:", " --force")],
)
def test_the_command_that_publishes_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, status: str, head: str, option: str
) -> None:
    folder = listed_run(tmp_path / "runs", status)
    lines = shown(capsys, "show", KEY)
    command = f"python -m training publish runs/clothing-cnn/{folder.name}{option}"
    assert lines[lines.index(head) + 1] == command


def test_a_run_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", "abc"]) == 1
    assert capsys.readouterr().err == "error: there is no run 'abc': runs has no runs\n"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"model": []}, "is not that of a run (model is []): remove "),
        ({"data_folder": -1}, "is not that of a run (data_folder is -1): remove "),
        ({"packages": None}, "is not that of a run (packages is None): remove "),
        ({"dataset": "images"}, "is not that of a run (preparation is None): remove "),
        ({"parameters": {"epochs": 1e400}}, "is not that of a run (OverflowError: "),
    ],
)
def test_a_run_with_other_facts_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, facts: dict[str, Any], message: str
) -> None:
    listed_run(tmp_path / "runs", "evaluated", **facts)
    assert main(["runs", "show", KEY]) == 1
    assert message in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert message in capsys.readouterr().err.replace("\n", " ")


def test_a_run_whose_version_cannot_be_looked_for_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed_run(tmp_path / "runs", "published", version="x" * 5000 + "/1")
    assert main(["runs", "show", KEY]) == 0
    assert f"published as {'x' * 5000}/1" in capsys.readouterr().out.replace("\n", "")


def test_a_name_that_is_too_long_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", "x" * 5000]) == 1
    assert capsys.readouterr().err == f"error: file name too long: {'x' * 200}\n"


def test_a_run_with_an_unknown_backend_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed_run(tmp_path / "runs", "evaluated", backend="torch")
    assert main(["runs", "show", KEY]) == 0
    assert "not the same today: there is no backend 'torch'" in capsys.readouterr().out


def test_a_damaged_run_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = listed_run(tmp_path / "runs", "evaluated")
    (folder / "model_card.json").write_text('{"metrics": {"test": {"accuracy": "good"}}}')
    assert main(["runs", "show", KEY]) == 1
    assert capsys.readouterr().err.startswith(f"error: a file in runs/clothing-cnn/{folder.name} i")

    (folder / "run.json").write_text("{")
    assert main(["runs", "show", KEY]) == 1
    assert "run.json can't be read (" in capsys.readouterr().err


def test_the_command_makes_the_run_again_with_the_same_weights(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--deterministic", "--seed", "5") == 0
    (first,) = run_folders(Path("runs"))
    capsys.readouterr()

    words = shlex.split(command_of(shown(capsys, "show", first.name)))
    assert words[:3] == ["python", "-m", "training"]
    assert main(words[3:]) == 0

    again = next(folder for folder in run_folders(Path("runs")) if folder != first)
    assert read_run(again)["data"] == read_run(first)["data"]
    weights = []
    for folder in (first, again):
        network = load_trained_network(folder)
        assert network is not None
        weights.append(network.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
