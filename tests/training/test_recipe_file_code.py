"""The code of a recipe file, which is part of its runs' keys: of the file and what it imports."""

from pathlib import Path

import pytest

from training.recipe_file import read_recipe
from training.runs.identity import code_of

RECIPE = """
from dataclasses import replace
from training.recipes import RECIPES
RECIPE = replace(RECIPES["clothing-dense128-adam"], name="mine")
"""


def test_the_code_of_a_recipe_file_identifies_its_run(tmp_path: Path) -> None:
    def code(folder: str, own: str, beside: str) -> str:
        path = tmp_path / folder
        path.mkdir()
        (path / "own.py").write_text(own)
        (path / "beside_own.py").write_text(beside)
        return code_of(read_recipe(path / "own.py"))

    own = f"import beside_own\n{RECIPE}"
    first = code("a", own, "UNITS = 1")
    assert code("b", f'"""A recipe."""\n{own}# The end.\n', "UNITS = 1") == first
    assert code("c", own, "UNITS = 2") != first
    assert code("d", f"{own}WIDTH = 1\n", "UNITS = 1") != first


@pytest.mark.parametrize(
    ("statement", "file"),
    [
        ("import layers_own", "layers_own.py"),
        ("from parts.deep import layers_own", "parts/deep/layers_own.py"),
        ("import first_own", "layers_own.py"),
    ],
)
def test_what_a_recipe_file_imports_later_is_part_of_its_code(
    tmp_path: Path, statement: str, file: str
) -> None:
    def digest(folder: str, content: str) -> str:
        path = tmp_path / folder
        (path / file).parent.mkdir(parents=True)
        (path / file).write_text(content)
        (path / "first_own.py").write_text("def later():\n    import layers_own\n")
        own = f"def build():\n    {statement}\n{RECIPE}"
        (path / "own.py").write_text(own)
        return read_recipe(path / "own.py").file_digest

    first = digest("a", "UNITS = 1")
    assert digest("b", "UNITS = 1  # The same.") == first
    assert digest("c", "UNITS = 2") != first
    assert digest("d", "not Python yet") != first
