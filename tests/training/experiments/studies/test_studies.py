"""Studies: the ready-made ones, and those that users write."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.commands import blocks
from training.errors import UsageError
from training.experiments.factors import combinations, setting
from training.experiments.studies import STUDIES, study_named
from training.experiments.studies.study import Study
from training.recipes import recipe_named

OWN = """
from training.experiments.factors import setting
from training.experiments.studies.study import Study

STUDY = Study("{name}", "few epochs", {recipe!r}, (setting("epochs", 1, 2),))
"""


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_each_setting_of_a_study_is_one_of_its_recipe(study: Study) -> None:
    assert study.name in STUDIES
    settings = combinations(recipe_named(study.recipe), study.factors, study.design)
    assert len(settings) > 1
    assert recipe_named(study.recipe) in [each.recipe for each in settings]
    for factor in study.factors:
        found = {each.levels[factor.name] for each in settings}
        assert found >= {level.label for level in factor.levels}


def test_the_course_on_cats_and_dogs_has_40_heads_on_the_same_features() -> None:
    study = STUDIES["cats-dogs-course"]
    settings = combinations(recipe_named(study.recipe), study.factors, study.design)

    alike = [
        each
        for each in settings
        if each.levels["head.pooling"] == "average" and each.levels["backbone"] == "MobileNet"
    ]

    assert len(alike) >= 40


def test_studies_are_listed_without_a_framework() -> None:
    code = """
import sys
from training.experiments.studies import STUDIES
sys.exit(", ".join({"numpy", "keras", "tensorflow", "pandas", "optuna"} & set(sys.modules)) or 0)
"""
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
    )
    assert found.stderr == ""


def test_an_unknown_study_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"no study 'clothing'; there are .*clothing-course.*study"
    ):
        study_named("clothing")


def test_a_study_of_ones_own_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN.format(name="mine", recipe="clothing-fast"))

    study = study_named("mine.py")  # In the working folder.

    assert (study.name, study.recipe) == ("mine", "clothing-fast")
    assert study.factors == (setting("epochs", 1, 2),)


def test_the_documented_study_is_read(tmp_path: Path) -> None:
    text = next(each.text for each in blocks() if "STUDY = Study(" in each.text)
    (tmp_path / "study.py").write_text(text)

    study = study_named("study.py")

    assert len(combinations(recipe_named(study.recipe), study.factors, study.design)) == 5


def test_its_recipe_may_be_a_file_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "mine.py").write_text(OWN.format(name="mine", recipe="recipe.py"))
    (folder / "recipe.py").write_text(
        "from dataclasses import replace\n"
        "from training.recipes.clothing_fast import RECIPE as FAST\n"
        "RECIPE = replace(FAST, name='my-recipe')\n"
    )

    study = study_named("studies/mine.py")

    assert recipe_named(study.recipe).name == "my-recipe"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no study file .*mine.py"),
        ("", r"mine.py has no STUDY: it needs STUDY = Study\(...\)"),
        ("STUDY = 3", "mine.py has a STUDY of type int"),
        ("\nSTUDY = Study()", "mine.py, line 2: NameError"),
        (OWN.format(name="digits-course", recipe="clothing-fast"), "choose another name"),
    ],
)
def test_a_file_that_is_no_study_is_refused(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)

    with pytest.raises(UsageError, match=message):
        study_named("mine.py")
