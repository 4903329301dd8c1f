"""`import training`: at once, and with the names that type checkers know."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import training

ROOT = Path(__file__).parents[3]


def test_importing_it_imports_no_numpy() -> None:
    code = (
        "import sys, training; before = set(sys.modules);"
        "assert not {'numpy', 'pandas', 'keras', 'rich'} & before;"
        "from training import compare, evaluate, load, sweep, train;"
        "assert not {'keras', 'tensorflow', 'optuna'} & set(sys.modules)"
    )
    environment = {"PYTHONPATH": str(ROOT)}

    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)

    assert done.returncode == 0


def test_its_functions_are_listed_and_documented() -> None:
    assert {*training.__all__} <= {*dir(training)}
    for name in training.__all__:
        assert getattr(training, name).__name__ == name
        assert "Raises:" in getattr(training, name).__doc__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(training.__file__).read_text("utf-8"))
    (checked,) = (
        node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    )
    names = [
        alias.name
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(names) == training.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'training' has no attribute 'fit'"):
        getattr(training, "fit")  # noqa: B009
